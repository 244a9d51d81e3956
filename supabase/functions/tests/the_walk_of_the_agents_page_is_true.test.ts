import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";
import { connect } from "./world.ts";

const sql = connect();
Deno.test.afterAll(() => sql.end());

Deno.test("docs/agents.md shows what docs/agents.ts prints, as often as one likes", async () => {
  const shown = blockOf(await readPage("docs/agents.md"), "text");
  for (const _walk of [1, 2]) {
    assertEquals(await runProgram("docs/agents.ts", publishableKey), shown);
  }
  // `npm start` consents for everybody to its example's agent: the walk asks all the same, and leaves that as it was.
  const [consent] = await sql`
    insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    select workspace_id, id, null, array['memory:read'] from public.agents
    where slug = 'hr' and workspace_id = (select id from public.workspaces where slug = 'acme')
    returning agent_id, scopes`;
  try {
    assertEquals(await runProgram("docs/agents.ts", publishableKey), shown);
    const [left] = await sql`
      select scopes from public.agent_consents where agent_id = ${
      consent!.agent_id
    } and user_id is null`;
    assertEquals(left?.scopes, consent!.scopes);
  } finally {
    await sql`delete from public.agent_consents where agent_id = ${
      consent!.agent_id
    } and user_id is null`;
  }
});
