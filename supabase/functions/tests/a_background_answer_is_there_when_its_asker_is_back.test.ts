import { createGroundworkClient } from "../../../types/client.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { connect, environment } from "./world.ts";

const { url } = environment;
const options = { auth: { persistSession: false, autoRefreshToken: false } };

async function signIn(email: string) {
  const client = createGroundworkClient(url, environment.publishableKeys.default ?? "", options);
  const { error } = await client.auth.signInWithPassword({ email, password: "groundwork-demo" });
  if (error) throw error;
  return client;
}

async function ok<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  assertEquals(error, null, JSON.stringify(error));
  return data as NonNullable<T>;
}

Deno.test({
  name:
    "a person asks and leaves, a worker is lost and another answers, and the answer is there for them alone",
  sanitizeResources: false, // supabase-js keeps its connections and a timer
  sanitizeOps: false,
  async fn() {
    const sql = connect();
    const before = await signIn("juan@acme.example");
    const { workspace_id } = (await ok(before.rpc("my_agents")))[0]!;
    const talk = await ok(
      before.from("conversations").insert({ workspace_id, visibility: "workspace" }).select()
        .single(),
    );
    const type = `research-${crypto.randomUUID()}`;
    const question = { conversation_id: talk.id, type, input: { about: "leave" } };
    const id = await ok(before.rpc("ask_in_background", { ...question, dedupe_key: "once" }));
    assertEquals(
      await ok(before.rpc("ask_in_background", { ...question, dedupe_key: "once" })),
      id,
    );
    await before.auth.signOut();

    const worker = createGroundworkClient(url, environment.secretKeys.default ?? "", options);
    const claim = async (who: string) => {
      const claimed = await ok(
        worker.rpc("claim_work", { queue: "background_queries", worker: who, batch: 100 }),
      );
      const mine = claimed.find((item) => item.id === id);
      assert(mine, "it is there to be worked on");
      return mine;
    };
    // The first one is lost with its lease; what it says afterwards is not taken.
    const lost = await claim("lost");
    await sql`update public.background_queries set lease_expires_at = now() where id = ${id}`;
    await sql`select private.release_expired_work()`;
    await sql`update public.background_queries set scheduled_for = now() where id = ${id} and status = 'pending'`;
    const { claim_token } = await claim("second");
    const finish = (token: string, days: number) =>
      worker.rpc("complete_work", {
        queue: "background_queries",
        claim_token: token,
        ids: [id],
        outcome: { result: { days }, summary_for_llm: `${days} days` },
      });
    assert((await finish(lost.claim_token, 1)).error, "who has lost the lease is refused");
    assertEquals((await finish(claim_token, 30)).error, null);

    const after = await signIn("juan@acme.example");
    const unseen = () =>
      ok(
        after.from("background_queries").select("id, progress, result, summary_for_llm")
          .is("seen_at", null).eq("type", type),
      );
    assertDeepEquals(await unseen(), [
      { id, progress: "completed", result: { days: 30 }, summary_for_llm: "30 days" },
    ]);
    await ok(
      after.from("background_queries").update({ seen_at: new Date().toISOString() }).eq("id", id)
        .select("id"),
    );
    assertDeepEquals(await unseen(), []);

    // Who reads the conversation does not read what its owner had asked.
    const ben = await signIn("ben@acme.example");
    assertEquals((await ok(ben.from("conversations").select("id").eq("id", talk.id))).length, 1);
    assertDeepEquals(await ok(ben.from("background_queries").select("id").eq("type", type)), []);

    // Each of the five changes was told on the private topic, and none of what was asked or answered.
    const told = await sql<{ payload: { id: number }; private: boolean }[]>`
      select payload, private from realtime.messages
      where topic = ${`conversation:${talk.id}`} and event = 'background_query' order by inserted_at`;
    assertEquals(told.length, 5);
    assert(told.every((message) => message.private));
    assert(told.every(({ payload }) => payload.id === id));
    assert(!/days|leave|running|completed/.test(JSON.stringify(told)));
    await Promise.all([after, ben].map((client) => client.auth.signOut()));
    await sql.end();
  },
});
