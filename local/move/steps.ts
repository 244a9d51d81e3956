/** The steps of a move. Each may be repeated: what was done is found done. */
import { type Cells, checkBoth, prepareTarget, readCells, removeRows } from "./checks.ts";
import { MoveError, pause, type Side, waitFor, warmUp } from "./connect.ts";
import { copyFiles, forgetFiles, type StorageApi } from "./files.ts";
import { copyMembers, copyPeople } from "./people.ts";
import { planMove } from "./plan.ts";
import {
  isMarked,
  isPublished,
  measureLag,
  narrowIdentities,
  publish,
  stopFollowing,
  subscribe,
  unpublish,
  unsubscribe,
  waitForCopy,
  widenIdentities,
} from "./replicate.ts";
import { copyParts } from "./rows.ts";
import { copySecrets, forgetSecrets } from "./secrets.ts";

/** All that the steps need to know. */
export interface Move {
  source: Side;
  target: Side;
  workspace: string;
  apis: { from: StorageApi; to: StorageApi } | null;
  /** How long the workspace may be closed, in milliseconds, before it is opened again and tried later. */
  closedFor: number;
  say: (step: string) => void;
}

/** How far a move is, as the source remembers it. */
export interface State {
  phase: "copying" | "fenced" | "moved" | "tidied";
  name: string;
  fences: number;
  fencedAt: Date;
}

export async function readState({ source, workspace }: Move): Promise<State | null> {
  const [row] = await source.sql<State[]>`
    select phase, name, fences, fenced_at as "fencedAt" from private.moves
    where workspace_id = ${workspace} and is_source`;
  return row ?? null;
}

/** Begins, or finds what was begun; then copies until the target follows closely. */
export async function copy(move: Move): Promise<State> {
  const { source, target, workspace, say } = move;
  const cells = await readCells(source, target);
  const plan = await planMove(source, workspace);
  if (!await readState(move)) await checkBoth(source, target, workspace, plan);
  await source.sql`select private.begin_move(${workspace}, ${cells.to})`;
  const state = (await readState(move))!;
  await expect(move, cells, state);
  say("preparing");
  await prepareTarget(source, target, workspace);
  await widenIdentities(source, workspace, plan.travelling);
  await publish(source, state.name, workspace, plan);
  say("copying");
  await subscribe(source, target, state.name, source.url);
  await copyPeople(source, target, workspace, plan);
  await copyFiles(source, target, workspace, move.apis);
  await waitForCopy(target, state.name);
  return state;
}

async function expect({ target, workspace }: Move, { from }: Cells, { name, fences }: State) {
  await target.sql`select private.expect_workspace(${workspace}, ${from}, ${name}, ${fences + 1})`;
}

/** Waits until nobody is left who began before the move: they do not know its lock. */
export async function waitForOlder({ source, say }: Move): Promise<void> {
  const [clock] = await source.sql<{ now: string }[]>`select clock_timestamp()::text as now`;
  say("waiting for older transactions");
  const isOver = await waitFor(async () => {
    const [row] = await source.sql`
      select from pg_stat_activity
      where datname = current_database() and xact_start < ${
      clock!.now
    }::timestamptz and pid <> pg_backend_pid()
        and backend_type not in ('walsender', 'autovacuum worker', 'logical replication apply worker',
          'logical replication tablesync worker') limit 1`;
    return row === undefined;
  }, { within: 600_000, every: 100 });
  if (!isOver) throw new MoveError("long_transaction", "a transaction is open for ten minutes");
}

/**
 * Closes the workspace, waits for the target, and hands it over.
 * @returns how long it was closed, in milliseconds; null: it was opened again, and may be tried later
 */
export async function close(move: Move): Promise<number | null> {
  const { source, target, workspace, say } = move;
  const cells = await readCells(source, target);
  const before = (await readState(move))!;
  if (await measureLag(source, target, workspace, 5000) > move.closedFor / 3) return null;
  await copyFiles(source, target, workspace, move.apis);
  await copySecrets(source, target, workspace, await planMove(source, workspace));
  await expect(move, cells, before);
  await warmUp(source, target);
  say("closing");
  const began = performance.now();
  try {
    await source.sql`select private.fence_workspace(${workspace}, ${"300 ms"}::interval)`;
  } catch (error) {
    if ((error as { code?: string }).code === "55P03") return null; // somebody writes for long
    throw error;
  }
  const isDone = await handOver(move, cells, began + move.closedFor);
  return isDone ? performance.now() - began : null;
}

/** What is done while the workspace is closed. A program that died in between left it to the next one. */
export async function handOver(move: Move, cells: Cells, until: number): Promise<boolean> {
  const { source, target, workspace, say } = move;
  const state = (await readState(move))!;
  const [there] = await target.sql<{ status: string | null; expected: number | null }[]>`
    select (select p.status from private.workspace_places as p where p.workspace_id = ${workspace}) as status,
      (select m.fences from private.moves as m where m.workspace_id = ${workspace}) as expected`;
  if (there?.status !== "here") {
    const [plan, isThere] = await Promise.all([
      planMove(source, workspace),
      there?.expected === state.fences && waitFor(() => isMarked(target, workspace, state.fences), {
        within: Math.max(0, until - performance.now()),
        every: 3,
      }),
    ]);
    if (!isThere || !await isPublished(source, state.name, plan)) {
      return await openAgain(move, cells, state);
    }
    say("handing over");
    await Promise.all([
      stopFollowing(target, state.name),
      copyParts(source, target, workspace, plan)
        .then(() => copySecrets(source, target, workspace, plan)),
      copyMembers(source, target, workspace),
      copyFiles(source, target, workspace, move.apis),
    ]);
    if (performance.now() > until) return await openAgain(move, cells, state);
    await target.sql`select private.receive_workspace(${workspace}, ${state.fences})`;
  }
  await source.sql`select private.hand_over(${workspace})`;
  return true;
}

/** Lifts the fence. The target is told first that it will be another one, so that this one hands nothing over. */
async function openAgain(move: Move, cells: Cells, state: State): Promise<false> {
  move.say("opening again");
  await expect(move, cells, state);
  await move.source.sql`select private.lift_fence(${move.workspace})`;
  return false;
}

/** After the hand-over: ends the replication, and fetches files that were being stored at that moment. */
export async function tidy(move: Move): Promise<void> {
  const { source, target, workspace, say } = move;
  const state = await readState(move);
  if (state?.phase !== "moved") return;
  say("tidying");
  await unsubscribe(source, target, state.name);
  await unpublish(source, state.name);
  await narrowIdentities(source, workspace);
  await copyFiles(source, target, workspace, move.apis, state.fencedAt);
  await copyPeople(source, target, workspace, await planMove(source, workspace));
  await source.sql.begin(async (sql) => {
    await sql`select set_config('groundwork.placing', ${workspace}, true)`;
    await sql`update private.moves set phase = 'tidied', changed_at = now() where workspace_id = ${workspace}`;
  });
}

/** Takes everything back, as long as the workspace was not handed over. */
export async function undo(move: Move): Promise<void> {
  const { source, target, workspace, say } = move;
  const state = await readState(move);
  if (!state) return;
  if (state.phase !== "copying") {
    throw new MoveError(
      "too_late",
      "the workspace was closed or has moved: begin the move again to end it",
    );
  }
  say("undoing");
  const plan = await planMove(source, workspace);
  await unsubscribe(source, target, state.name);
  await unpublish(source, state.name);
  await narrowIdentities(source, workspace);
  await forgetSecrets(target, workspace, plan);
  await forgetFiles(target, workspace, move.apis?.to ?? null);
  await removeRows(target, workspace, await planMove(target, workspace));
  await target
    .sql`delete from private.workspace_places where workspace_id = ${workspace} and status = 'arriving'`;
  await target.sql`delete from private.moves where workspace_id = ${workspace}`;
  await endOnSource(move);
}

/** Deletes the copy that was left on the source. The directory there goes on saying where the workspace is. */
export async function forget(move: Move): Promise<void> {
  const { source, workspace, say } = move;
  const state = await readState(move);
  if (!state) {
    throw new MoveError("not_found", "this workspace did not leave from here, or was forgotten");
  }
  if (state.phase !== "moved" && state.phase !== "tidied") {
    throw new MoveError("too_early", "the workspace has not moved yet");
  }
  await tidy(move);
  say("forgetting");
  const plan = await planMove(source, workspace);
  await forgetSecrets(source, workspace, plan);
  await forgetFiles(source, workspace, move.apis?.from ?? null);
  await removeRows(source, workspace, plan);
  await endOnSource(move);
}

async function endOnSource({ source, workspace }: Move): Promise<void> {
  await source.sql.begin(async (sql) => {
    await sql`select set_config('groundwork.placing', ${workspace}, true)`;
    await sql`delete from private.move_marks where workspace_id = ${workspace}`;
    await sql`delete from private.moves where workspace_id = ${workspace}`;
    await sql`select public.forget_place(${workspace})`; // of one that is here
  });
}

/** Only one program moves a workspace: the lock is held until its connection ends. */
export async function beAlone({ source, workspace }: Move): Promise<() => Promise<void>> {
  const own = await source.sql.reserve();
  const isAlone = await waitFor(async () => {
    const [row] = await own<{ got: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended('groundwork mover ' || ${workspace}::text, 0)) as got`;
    return row!.got;
  }, { within: 15_000, every: 200 });
  if (!isAlone) throw new MoveError("already_moving", "another program moves this workspace now");
  return async () => {
    await own`select pg_advisory_unlock_all()`;
    own.release();
  };
}

export { pause, readCells };
