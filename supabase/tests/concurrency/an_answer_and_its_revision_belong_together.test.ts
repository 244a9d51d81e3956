import assert from "node:assert/strict";
import {
  type Chance,
  dawdle,
  outcomeOf,
  type Session,
  takeChance,
  withSessions,
  withWorkspace,
} from "./sessions.ts";

interface Answer {
  person: string;
  revision: number;
  agents: string;
}

const STATUSES = ["published", "published", "paused", "archived", "draft"] as const;

/** What people may use, each with the revision of it. */
async function read(sql: Session, people: string[]): Promise<Answer[]> {
  const rows = await sql<Answer[]>`
    select person, revision, agents::text from unnest(${people}::uuid[]) as person cross
    join private.read_agents(person)`;
  return rows.map((row) => ({ ...row }));
}

for (const order of ["grant, then pause", "pause, then grant"] as const) {
  Deno.test(`no list changes under its revision when an agent is granted and paused at once (${order})`, async () => {
    await withSessions(2, async ([granting, pausing], watcher) => {
      const roles = [{ role: "owner", count: 1 }, { role: "member", count: 1 }];
      await withWorkspace(watcher, roles, async (workspace, [, member]) => {
        const agent = await addAgent(watcher, workspace, 1);
        const grant = () =>
          granting!`insert into public.permissions (user_id, agent_id, workspace_id)
            values (${member!}, ${agent}, ${workspace})`.execute();
        const pause = () =>
          pausing!`update public.agents set status = 'paused' where id = ${agent}`.execute();
        // both begin, one changes, the other changes (and waits), one commits, the other commits
        await granting!`begin`;
        await pausing!`begin`;
        const grantsFirst = order === "grant, then pause";
        await (grantsFirst ? grant() : pause());
        const waiting = outcomeOf(grantsFirst ? pause() : grant());
        await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 100))]);
        if (!grantsFirst) await pausing!`commit`;
        if (!grantsFirst) assert.equal(await waiting, "ok");
        const [told] = await read(granting!, [member!]);
        await granting!`commit`;
        if (grantsFirst) assert.equal(await waiting, "ok");
        if (grantsFirst) await pausing!`commit`;

        const [now] = await read(watcher, [member!]);
        assert.equal(now!.agents, "[]", "a paused agent is nobody's");
        if (told!.revision === now!.revision) assert.deepEqual(told, now);
      });
    });
  });
}

Deno.test("every pair of revision and list that a reader sees was true, whatever changes", async () => {
  const chance = takeChance();
  await withSessions(9, async (sessions, watcher) => {
    const roles = [{ role: "owner", count: 1 }, { role: "admin", count: 2 }, {
      role: "member",
      count: 5,
    }];
    await withWorkspace(watcher, roles, async (workspace, people) => {
      const agents = await Promise.all([1, 2, 3, 4].map((n) => addAgent(watcher, workspace, n)));
      /** By person and revision: the list that a writer left. */
      const truth = new Map<string, string>();
      const keep = (answers: Answer[]) => {
        for (const { person, revision, agents: list } of answers) {
          truth.set(`${person} ${revision}`, list);
        }
      };
      keep(await read(watcher, people));
      const [first, second, ...writers] = sessions;
      const seen: Answer[] = [];
      let isWriting = true;
      const reading = [first!, second!].map(async (sql) => {
        const mine = chance.fork();
        while (isWriting) {
          seen.push(...await read(sql, [mine.pick(people)]));
          await dawdle(mine, 1);
        }
      });
      const [outcomes] = await Promise.all([
        Promise.all(
          writers.map((sql) => change(sql, workspace, people, agents, chance.fork(), keep)),
        ).finally(() => isWriting = false),
        Promise.all(reading),
      ]);
      seen.push(...await read(watcher, people));

      const allowed = ["committed", "taken back"];
      assert.deepEqual(
        outcomes.flat().filter((outcome) => !allowed.includes(outcome)),
        [],
        `seed ${chance.seed}`,
      );
      assert.ok(seen.length > 100, "the readers did read");
      const untrue = seen.filter(({ person, revision, agents: list }) =>
        truth.get(`${person} ${revision}`) !== list
      );
      assert.deepEqual(untrue, [], `seed ${chance.seed}`);
    });
  });
});

/**
 * Changes at random, one statement a transaction. Of whom it raised it tells what it left before it
 * commits: until then it holds their revisions, and nobody else can raise them.
 */
async function change(
  sql: Session,
  workspace: string,
  people: string[],
  agents: string[],
  chance: Chance,
  keep: (answers: Answer[]) => void,
): Promise<string[]> {
  const outcomes: string[] = [];
  for (let n = 0; n < 40; n++) {
    await sql`begin`;
    const outcome = await outcomeOf(changeOnce(sql, workspace, people, agents, chance));
    await dawdle(chance, 2);
    if (outcome !== "ok" || chance.happens(0.2)) {
      await sql`rollback`;
      outcomes.push(outcome === "ok" ? "taken back" : outcome);
      continue;
    }
    const raised = await sql<{ user_id: string }[]>`
      select user_id from private.permission_revisions where xmin = pg_current_xact_id()::xid`;
    const left = await read(sql, raised.map(({ user_id }) => user_id));
    await sql`commit`;
    keep(left);
    outcomes.push("committed");
  }
  return outcomes;
}

async function changeOnce(
  sql: Session,
  workspace: string,
  people: string[],
  agents: string[],
  chance: Chance,
): Promise<void> {
  const agent = chance.pick(agents);
  const some = chance.shuffle(people).slice(0, 1 + chance.below(4));
  const changes = [
    () =>
      sql`insert into public.permissions (user_id, agent_id, workspace_id, can_use)
        select person, ${agent}, ${workspace}, ${
        chance.happens(0.7)
      } from unnest(${some.toSorted()}::uuid[]) as person
        on conflict (user_id, agent_id) do update set can_use = excluded.can_use`,
    () => sql`delete from public.permissions where agent_id = ${agent} and user_id = ${some[0]!}`,
    () => sql`update public.agents set status = ${chance.pick(STATUSES)} where id = ${agent}`,
    () =>
      sql`update public.members set role = ${chance.pick(["admin", "member", "guest"])}
        where workspace_id = ${workspace} and user_id = ${chance.pick(people.slice(1))}`,
  ];
  await chance.pick(changes)();
}

async function addAgent(sql: Session, workspace: string, n: number): Promise<string> {
  const [agent] = await sql<{ id: string }[]>`
    insert into public.agents (workspace_id, slug, name, endpoint_url, status)
    values (${workspace}, ${`agent-${n}`}, ${`Agent ${n}`}, 'https://agents.example', 'published') returning id`;
  return agent!.id;
}
