import { createGroundworkClient } from "../../../types/client.ts";
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { connect, environment } from "./world.ts";

Deno.test({
  name: "the message, its log, the prompt and its record take two requests",
  sanitizeResources: false, // supabase-js keeps its connections
  sanitizeOps: false,
  async fn() {
    const sql = connect();
    const [talk] = await sql<{ id: string }[]>`
      insert into public.conversations (workspace_id, user_id)
      select workspace_id, user_id from public.members order by user_id limit 1 returning id`;
    const conversation_id = talk!.id;
    const asked: string[] = [];
    const agent = createGroundworkClient(environment.url, environment.secretKeys.default ?? "", {
      auth: { persistSession: false, autoRefreshToken: false },
      global: {
        fetch: (input, init) => {
          asked.push(new URL(new Request(input).url).pathname);
          return fetch(input, init);
        },
      },
    });

    const said = await agent.rpc("add_message", {
      conversation_id,
      parts: [{ type: "text", text: "Have I leave left?" }],
    });
    const assembled = await agent.rpc("assemble_context", {
      conversation_id,
      budget: 2000,
      preprocessing: { model_selected: "small", model_reason: "a short question" },
    });
    assertDeepEquals([said.error, assembled.error], [null, null]);
    assertDeepEquals(asked, ["/rest/v1/rpc/add_message", "/rest/v1/rpc/assemble_context"]);

    const prompt = assembled.data as { record_id: number; messages: { id?: string }[] };
    assertEquals(prompt.messages.at(-1)?.id, said.data?.id);
    const kept = await sql`
      select log.model_selected, record.id::integer as record
      from public.preprocessing_logs as log join public.context_records as record using (message_id)
      where log.message_id = ${said.data?.id ?? null}`;
    assertDeepEquals([...kept].map((row) => ({ ...row })), [
      { model_selected: "small", record: prompt.record_id },
    ]);
    await sql`delete from public.conversations where id = ${conversation_id}`;
    await sql.end();
  },
});
