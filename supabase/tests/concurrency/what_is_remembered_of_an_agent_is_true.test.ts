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

const SCOPES = ["memory:read", "knowledge:read"];

/** Rows that count now and allow what would not be decided now: one statement, one snapshot. */
async function findUntrue(sql: Session): Promise<{ valid: number; untrue: string[] }> {
  const [found] = await sql<{ valid: number; untrue: string[] }[]>`
    select count(*)::int as valid, coalesce(array_agg(known::text) filter (where access.agent_id is null
      or known.role <> member.role or not known.scopes <@ array(
        select scope from public.agent_consents as given cross join unnest(given.scopes) as scope
        where given.agent_id = known.agent_id and coalesce(given.user_id, known.user_id) = known.user_id)), '{}')
      as untrue
    from private.delegations as known
    join private.permission_revisions as current using (user_id, revision)
    left join private.access_by_person as access
      on access.agent_id = known.agent_id and access.user_id = known.user_id and access.allowed
    left join public.members as member
      on member.workspace_id = known.workspace_id and member.user_id = known.user_id`;
  return found!;
}

async function changeOnce(
  sql: Session,
  workspace: string,
  agent: string,
  person: string,
  chance: Chance,
): Promise<void> {
  const forAll = chance.happens(0.3) ? null : person;
  const changes = [
    () =>
      sql`insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
        select ${workspace}, ${agent}, ${forAll}, ${chance.shuffle(SCOPES).slice(0, 1)}
        where ${forAll}::uuid is null or exists (
          select from public.members where workspace_id = ${workspace} and user_id = ${forAll})
        on conflict (agent_id, user_id) do update set scopes = excluded.scopes`,
    () =>
      sql`delete from public.agent_consents
        where agent_id = ${agent} and user_id is not distinct from ${forAll}`,
    () =>
      sql`insert into public.permissions (user_id, agent_id, workspace_id, can_use)
        select user_id, ${agent}, ${workspace}, ${chance.happens(0.7)} from public.members
        where workspace_id = ${workspace} and user_id = ${person}
        on conflict (user_id, agent_id) do update set can_use = excluded.can_use`,
    () => sql`delete from public.members where workspace_id = ${workspace} and user_id = ${person}`,
    () =>
      sql`insert into public.members (workspace_id, user_id, role)
        values (${workspace}, ${person}, ${chance.pick(["guest", "member", "admin"])})
        on conflict (workspace_id, user_id) do update set role = excluded.role`,
    () =>
      sql`update public.agents set status = ${chance.pick(["published", "published", "paused"])}
        where id = ${agent}`,
  ];
  await chance.pick(changes)();
}

Deno.test("what is remembered of an agent allows nothing that is not allowed, whatever changes", async () => {
  const chance = takeChance();
  await withSessions(8, async (sessions, watcher) => {
    const roles = [{ role: "owner", count: 1 }, { role: "member", count: 3 }];
    await withWorkspace(watcher, roles, async (workspace, [, ...people]) => {
      const agents = await watcher<{ id: string }[]>`
        insert into public.agents (workspace_id, slug, name, endpoint_url, status)
        select ${workspace}, 'agent-' || n, 'Agent', 'https://agents.example', 'published'
        from generate_series(1, 2) as n returning id`;
      const pick = (mine: Chance) => [mine.pick(agents).id, mine.pick(people)] as const;
      let isChanging = true;
      let valid = 0;
      const untrue: string[] = [];
      const asking = sessions.slice(0, 3).map(async (sql) => {
        const mine = chance.fork();
        while (isChanging) {
          const [agent, person] = pick(mine);
          const outcome = await outcomeOf(
            sql`select private.remember_delegation(${agent}, ${person})`,
          );
          // A member who leaves meanwhile is none (23503).
          assert.ok(["ok", "23503"].includes(outcome), `${outcome}, seed ${chance.seed}`);
        }
      });
      const looking = (async () => {
        while (isChanging) {
          const found = await findUntrue(watcher);
          valid += found.valid;
          untrue.push(...found.untrue);
        }
      })();
      const outcomes = await Promise.all(
        sessions.slice(3).map(async (sql) => {
          const mine = chance.fork();
          const all: string[] = [];
          for (let n = 0; n < 60; n++) {
            await sql`begin`;
            const outcome = await outcomeOf(changeOnce(sql, workspace, ...pick(mine), mine));
            await dawdle(mine, 2);
            await (outcome === "ok" && mine.happens(0.9) ? sql`commit` : sql`rollback`);
            all.push(outcome);
          }
          return all;
        }),
      ).finally(() => isChanging = false);
      await Promise.all([...asking, looking]);
      // Who leaves while something is given to them is no member (23503); nobody deadlocks.
      const others = outcomes.flat().filter((outcome) => outcome !== "ok" && outcome !== "23503");
      assert.deepEqual(others, [], `seed ${chance.seed}`);
      assert.ok(valid > 0, `something was remembered, seed ${chance.seed}`);
      assert.deepEqual(untrue, [], `seed ${chance.seed}`);
    });
  });
});
