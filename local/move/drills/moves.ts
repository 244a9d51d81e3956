/**
 * Moves a workspace to and fro between two servers, under load, and kills the program that moves it and both servers at
 * random steps. After each move the copies are compared, the log is verified on both sides, and the copy
 * that was left is forgotten.
 */
import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { type Chance, takeChance } from "../../../supabase/tests/concurrency/sessions.ts";
import { compareCopies, orphansOf, replicationLeft, rowsLeft } from "./compare.ts";
import { beginLoad, type Load, MOVING } from "./load.ts";
import { type Kill, type Outcome, runProgram, type Victim } from "./program.ts";
import { fillRoom, type Seen } from "./room.ts";
import { type Cell, startTwoCells } from "./two-cells.ts";

const STEPS = [
  "preparing",
  "copying",
  "waiting",
  "closing",
  "handing over",
  "tidying",
  "forgetting",
];
const MOST_KILLS = 2;
const NONE: Record<Victim, number> = { program: 0, source: 0, target: 0 };

/** What a drill did. */
export interface Told {
  moves: number;
  /** How often each was killed. */
  killed: Record<Victim, number>;
  undone: number;
  closed: number[];
  rows: number;
  acknowledged: number;
  refused: Record<string, number>;
  /** What the people met with who are present in the workspace, and in its neighbour. */
  present: { redis: boolean; own: Seen; neighbour: Seen };
}

async function storeFile(cell: Cell, name: string): Promise<void> {
  const storage = createClient(cell.stack.apiUrl, cell.stack.secretKey).storage.from("attachments");
  const { error } = await storage.upload(name, new Blob([`bytes of ${name}`]));
  if (error) throw error;
}

async function readFile(cell: Cell, name: string): Promise<string | null> {
  const storage = createClient(cell.stack.apiUrl, cell.stack.secretKey).storage.from("attachments");
  const { data } = await storage.download(name);
  return data ? await data.text() : null;
}

/** What agents may do for people, as it is remembered where they ask for tokens: it stays behind. */
async function rememberDelegations({ admin }: Cell): Promise<void> {
  const { count } = await admin`
    insert into private.delegations (agent_id, user_id, workspace_id, role, scopes, revision, valid_until)
    select agent.id, member.user_id, workspace_id, member.role, '{memory:read}', 1, now() + interval '1 hour'
    from public.agents as agent join public.members as member using (workspace_id)
    where workspace_id = ${MOVING} on conflict do nothing`;
  assert.ok(count > 0);
}

/** What the seed's workspace lacks: secrets, tables of a business, and rows that belong to it through others. */
async function furnish(cell: Cell): Promise<void> {
  await cell.admin`select private.create_business(${MOVING}, 'dr_', 'Drill', 'UTC')`;
  await cell.admin`
    select private.import_leads('dr_', ${MOVING}, ${
    cell.admin.json([{ state: "TX", county: "Travis", parcel: "of a business" }])
  }, 'reject')`;
  await cell.admin`
    insert into public.budgets (workspace_id, period, amount) values (${MOVING}, 'month', 1000000)`;
  await cell.admin`
    select private.reserve_usage(${MOVING}, null, null, 'drill', 500, null, null, interval '1 day')`;
  await cell.admin`
    insert into private.durable_streams (path, conversation_id, content_type)
    values ('drill', '00000000-0000-4000-d100-000000000001', 'text/plain')`;
  await cell
    .admin`select private.append_durable('drill', '{"content_type": "text/plain"}', 'said')`;
  await cell.admin`
    insert into public.service_connections (workspace_id, user_id, provider, account, access_secret_id,
      refresh_secret_id)
    select ${MOVING}, '00000000-0000-4000-a000-000000000003', 'calendar', 'juan@calendar.example',
      vault.create_secret('access ' || gen_random_uuid()), vault.create_secret('refresh ' || gen_random_uuid())`;
}

async function verify(cell: Cell): Promise<{ digest: string; entries: number }> {
  const [verdict] = await cell.admin<
    { is_valid: boolean; reason: string | null; head_digest: string; entries: number }[]
  >`select * from public.verify_audit_log(${MOVING})`;
  assert.ok(verdict!.is_valid, `the log of ${cell.name} verifies: ${verdict!.reason}`);
  return { digest: verdict!.head_digest, entries: verdict!.entries };
}

/** Who dies together: mostly one, sometimes the program with a server, as on a machine that both are on. */
function pickVictims(chance: Chance): Victim[] {
  const server = chance.pick<Victim>(["source", "target"]);
  return chance.pick<Victim[]>([["program"], ["program"], [server], [server], [server, "program"]]);
}

const pickKill = (chance: Chance, victims = pickVictims(chance)): Kill => ({
  step: chance.pick(STEPS.slice(0, 6)),
  after: chance.below(150),
  victims,
});

/** One move, with its kills: chosen ones, or one of the source's server. */
async function moveOnce(
  from: Cell,
  to: Cell,
  chance: Chance,
  told: Told,
  killsSource: boolean,
): Promise<void> {
  const count = (outcome: Outcome) => {
    for (const victim of outcome.killed) told.killed[victim]++;
    return outcome;
  };
  if (chance.happens(0.15)) {
    const victims = pickVictims(chance);
    const began = { step: "copying", after: chance.below(400), victims: ["program" as const] };
    count(await runProgram(from, to, [], began));
    const kill = chance.happens(0.5)
      ? { step: "undoing", after: chance.below(150), victims }
      : null;
    const first = count(await runProgram(from, to, ["--undo"], kill));
    for (let again = first.isBroken; again;) {
      again = (await runProgram(from, to, ["--undo"], null)).isBroken;
    }
    if (first.output.includes("undoing")) {
      told.undone++;
      assert.deepEqual(await rowsLeft(to, MOVING), [], "nothing is left of what was undone");
      assert.deepEqual(await replicationLeft(from, to), [], "nor does anything follow");
    }
  }
  let kills = killsSource ? 0 : chance.below(MOST_KILLS + 1);
  for (let mustKill = killsSource;;) {
    const kill = mustKill ? pickKill(chance, ["source"]) : kills-- > 0 ? pickKill(chance) : null;
    const { isBroken, killed, output } = count(await runProgram(from, to, [], kill));
    if (killed.includes("source")) mustKill = false;
    const closed = /refused for (\d+) ms/.exec(output)?.[1];
    if (closed) told.closed.push(Number(closed));
    if (!isBroken) return;
  }
}

/**
 * Runs a drill. `between`: milliseconds between two deeds of a client.
 * @throws when anything was lost, doubled or noticed by others
 */
export async function drill(
  moves: number,
  say: (line: string) => void,
  between = 60,
): Promise<Told> {
  const chance = takeChance();
  await using ends = new AsyncDisposableStack();
  const [first, second] = await startTwoCells(ends);
  await storeFile(first, `${MOVING}/00000000-0000-4000-a000-000000000003/first.txt`);
  await furnish(first);
  const loads: Pick<Load, "stop">[] = [];
  ends.defer(async () => void await Promise.all(loads.map((load) => load.stop())));
  const load = beginLoad("acme", first, between);
  const neighbour = beginLoad("globex", first, 2 * between);
  const room = fillRoom("acme", first, 10 * between);
  const nextDoor = fillRoom("globex", first, 10 * between);
  loads.push(load, neighbour, room, nextDoor);
  const told: Told = {
    moves: 0,
    killed: { ...NONE },
    undone: 0,
    closed: [],
    rows: 0,
    acknowledged: 0,
    refused: {},
    present: { redis: first.stack.redis !== null, own: room.seen, neighbour: nextDoor.seen },
  };
  let [from, to] = [first, second];
  for (let round = 1; round <= moves; round++) {
    await rememberDelegations(from);
    await moveOnce(from, to, chance, told, round % 3 === 2);
    assert.deepEqual(await replicationLeft(from, to), [], "nothing of the replication is left");
    // Everyone waits at the source until they are told where to go, so the copies stand still.
    const { differing, rows } = await compareCopies(from, to, MOVING);
    assert.deepEqual(differing, [], "the copies are the same");
    assert.deepEqual(await verify(from), await verify(to), "the log is the same on both sides");
    assert.deepEqual(await orphansOf(to), [], "no row arrived without what it refers to");
    load.goTo(to);
    room.goTo(to);
    await room.together();
    await nextDoor.together();
    const { killed } = await runProgram(from, to, ["--forget"], {
      step: "forgetting",
      after: chance.below(300),
      victims: chance.happens(0.3) ? ["source"] : ["program"],
    });
    for (const victim of killed) told.killed[victim]++;
    await runProgram(from, to, ["--forget"], null).catch((error) => {
      if (!String(error).includes("not_found")) throw error; // the first was quicker than its end
    });
    assert.deepEqual(await rowsLeft(from, MOVING), [], "nothing is left of what was forgotten");
    assert.deepEqual(
      await load.audit(to),
      [],
      "nothing acknowledged is lost, nothing is there twice",
    );
    assert.deepEqual(load.unexpected, []);
    assert.deepEqual(room.unexpected, [], "who is present meets with nothing worse");
    assert.deepEqual(neighbour.unexpected, [], "nobody else notices");
    assert.deepEqual(nextDoor.unexpected, [], "nor are others sent away from their room");
    told.moves++;
    told.rows = rows;
    say(
      `move ${round}: ${rows} rows, ${load.acknowledged()} acknowledged, killed so far: ${
        JSON.stringify(told.killed)
      }`,
    );
    [from, to] = [to, from];
  }
  await Promise.all(loads.splice(0).map((each) => each.stop()));
  assert.deepEqual(await load.audit(from), [], "nor in the end");
  assert.deepEqual(await neighbour.audit(first), [], "nor for the neighbour");
  const refusals = [...neighbour.refused.keys()];
  assert.deepEqual(
    refusals.filter((code) => !/^(CONNECT|ECONN|EPIPE|57P0|08)/.test(code)),
    [],
    "the neighbour was refused nothing",
  );
  assert.equal(
    nextDoor.seen.refused["421 misdirected_workspace"],
    undefined,
    "nobody sent them away",
  );
  const file = `${MOVING}/00000000-0000-4000-a000-000000000003/first.txt`;
  assert.equal(await readFile(from, file), `bytes of ${file}`, "a stored file travelled");
  await from.admin`select private.seal_audit_log()`;
  assert.ok((await verify(from)).entries > 0);
  told.acknowledged = load.acknowledged();
  told.refused = Object.fromEntries(load.refused);
  return told;
}
