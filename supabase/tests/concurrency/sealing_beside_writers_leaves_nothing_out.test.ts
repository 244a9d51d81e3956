import assert from "node:assert/strict";
import { type Chance, dawdle, type Session, takeChance, withSessions } from "./sessions.ts";

interface Verdict {
  is_valid: boolean;
  entries: number;
  reason: string | null;
}

Deno.test("an entry that a running transaction has written is not sealed over", async () => {
  await withSessions(2, async ([early, late], watcher) => {
    const workspace = crypto.randomUUID();
    // early begins and writes, late writes and commits, a sealer seals, early commits, a sealer seals
    await early!`begin`;
    await append(early!, workspace, "a.early");
    await append(late!, workspace, "a.late");
    await watcher`select private.seal_audit_log()`;
    assert.deepEqual(await verify(watcher, workspace), {
      is_valid: true,
      entries: 0,
      reason: null,
    });
    await early!`commit`;
    await sealAll(watcher, workspace);
    assert.deepEqual(await verify(watcher, workspace), {
      is_valid: true,
      entries: 2,
      reason: null,
    });
  });
});

Deno.test("an entry that is taken back is in no seal", async () => {
  await withSessions(1, async ([writer], watcher) => {
    const workspace = crypto.randomUUID();
    await writer!`begin`;
    await append(writer!, workspace, "a.gone");
    await watcher`select private.seal_audit_log()`;
    await writer!`rollback`;
    await append(watcher, workspace, "a.stays");
    await sealAll(watcher, workspace);
    assert.deepEqual(await verify(watcher, workspace), {
      is_valid: true,
      entries: 1,
      reason: null,
    });
  });
});

Deno.test("with writers, sealers and rollbacks at random the log is always valid, and whole at the end", async () => {
  const chance = takeChance();
  const workspaces = Array.from({ length: 3 }, () => crypto.randomUUID());
  await withSessions(12, async (sessions, watcher) => {
    const [verifier, sealer, otherSealer, ...writers] = sessions;
    let isWriting = true;
    const busy = [verifier!, sealer!, otherSealer!].map(async (sql) => {
      const mine = chance.fork();
      let rounds = 0;
      while (isWriting) {
        if (sql === verifier) {
          for (const workspace of workspaces) {
            const verdict = await verify(sql, workspace);
            assert.ok(verdict.is_valid, `seed ${chance.seed}, while writing: ${verdict.reason}`);
          }
        } else {
          await sql`select private.seal_audit_log()`;
        }
        rounds += 1;
        await dawdle(mine, 10);
      }
      return rounds;
    });
    // All at once, so that the first failure of any ends the test.
    const [written, rounds] = await Promise.all([
      Promise.all(writers.map((sql) => write(sql, workspaces, chance.fork())))
        .finally(() => isWriting = false),
      Promise.all(busy),
    ]);
    assert.ok(Math.min(...rounds) > 5, `they did run beside each other: ${rounds}`);

    for (const workspace of workspaces) {
      await sealAll(watcher, workspace);
      const committed = written.flat().filter((each) => each === workspace).length;
      assert.deepEqual(
        await verify(watcher, workspace),
        { is_valid: true, entries: committed, reason: null },
        `seed ${chance.seed}`,
      );
      const [counted] = await watcher`
        select (select coalesce(sum(entries), 0)::bigint from public.audit_seals
          where workspace_id = ${workspace}) as sealed,
          (select count(*) from public.audit_log where workspace_id = ${workspace}) as entries`;
      assert.deepEqual({ ...counted }, { sealed: committed, entries: committed });
    }
  });
});

/** Writes in transactions of different lengths, some taken back. Returns the workspace of each entry that stayed. */
async function write(sql: Session, workspaces: string[], chance: Chance): Promise<string[]> {
  const stayed: string[] = [];
  for (let transaction = 0; transaction < 40; transaction++) {
    const mine = Array.from({ length: 1 + chance.below(4) }, () => chance.pick(workspaces));
    await sql`begin`;
    for (const workspace of mine) {
      await append(sql, workspace, "a.written");
      await dawdle(chance, chance.happens(0.1) ? 60 : 3);
    }
    const isKept = chance.happens(0.75);
    await sql.unsafe(isKept ? "commit" : "rollback");
    if (isKept) stayed.push(...mine);
  }
  return stayed;
}

const append = (sql: Session, workspace: string, action: string) =>
  sql`select public.log_audit(${workspace}, ${action})`;

async function verify(sql: Session, workspace: string): Promise<Verdict> {
  const [verdict] = await sql<Verdict[]>`
    select is_valid, entries, reason from public.verify_audit_log(${workspace})`;
  return { ...verdict! };
}

/** Seals until the workspace is sealed: another session of the server may still hold it up for a moment. */
async function sealAll(sql: Session, workspace: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    await sql`select private.seal_audit_log()`;
    const [left] = await sql`
      select from public.audit_log, private.audit_horizon
      where workspace_id = ${workspace} and xid >= sealed_to limit 1`;
    if (!left) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("some transaction has been open for ten seconds and holds sealing up");
}
