import assert from "node:assert/strict";
import { outcomeOf, takeChance, withSessions, withWorkspace } from "./sessions.ts";

Deno.test("bulk grants to the same people in opposite orders wait for each other and do not deadlock", async () => {
  const chance = takeChance();
  await withSessions(4, async (sessions, watcher) => {
    const people = [{ role: "owner", count: 1 }, { role: "member", count: 400 }];
    await withWorkspace(watcher, people, async (workspace, [, ...members]) => {
      const agents = await watcher<{ id: string }[]>`
        insert into public.agents (workspace_id, slug, name, endpoint_url, status)
        select ${workspace}, 'a' || n, 'A', 'https://a.example', 'published' from generate_series(1, 4) as n
        returning id`;
      const orders = [
        members,
        members.toReversed(),
        chance.shuffle(members),
        chance.shuffle(members),
      ];
      for (let round = 0; round < 6; round++) {
        const outcomes = await Promise.all(sessions.map((sql, index) =>
          outcomeOf(sql`
            insert into public.permissions (user_id, agent_id, workspace_id, can_use)
            select person, ${agents[index]!.id}, ${workspace}, ${round % 2 === 0}
            from unnest(${orders[
            index
          ]!}::uuid[]) with ordinality as given (person, place) order by place
            on conflict (user_id, agent_id) do update set can_use = excluded.can_use`)
        ));
        assert.deepEqual(
          outcomes,
          ["ok", "ok", "ok", "ok"],
          `round ${round} of seed ${chance.seed}`,
        );
      }
      // Joining once, then a grant of each agent and each change of it: everyone has risen alike.
      const raised = await watcher`
        select distinct revision from private.permission_revisions where user_id = any (${members}::uuid[])`;
      assert.deepEqual(raised.map(({ revision }) => revision), [1 + 4 * 6]);
    });
  });
});
