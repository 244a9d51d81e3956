/** Streams and presence as the package's functions hear and say them, over connections that break. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { followPresence, listPresent, stayPresent } from "../../../types/presence.ts";
import type { PresenceEvent } from "../../../types/presence.ts";
import { readStream, RefusedError, stopStream, writeStream } from "../../../types/streams.ts";
import type { StreamEvent, Through } from "../../../types/streams.ts";
import { chunksOf } from "../streams/stream-store.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { connect, createWorld, environment, type Someone, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, admin, outsider } = world;
Deno.test.afterAll(() => sql.end());

const service: Through = { url: environment.url, key: environment.secretKeys.default ?? "" };
const as = ({ token }: Someone, url = environment.url): Through => ({ url, token: () => token });
/** The same over supabase-js. */
const client = ({ token }: Someone, url = environment.url): Through =>
  createGroundworkClient(url, environment.publishableKeys.default ?? "", {
    accessToken: () => Promise.resolve(token),
  });

async function openConversation(): Promise<string> {
  const id = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id)
    values (${id}, ${workspace}, ${member.id})`;
  return id;
}

async function hearAll(events: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const heard: StreamEvent[] = [];
  for await (const event of events) heard.push(event);
  return heard;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => null, (error) => error);
  assert(error instanceof RefusedError, String(error));
  return `${error.status} ${error.code}`;
}

for (const [what, through] of [["fetch", as], ["supabase-js", client]] as const) {
  Deno.test({
    name: `a reader over ${what} hears each chunk once and in order, however often it is cut off`,
    sanitizeResources: false, // supabase-js keeps a timer
    sanitizeOps: false,
    fn: async () => {
      await using proxy = startCuttingProxy(1_500);
      const answer = await writeStream(service, { conversation_id: await openConversation() });
      const said = Array.from(
        { length: 120 },
        (_, n) => `${n}: two\nlines, ä and 🦊 ${"x".repeat(n % 7)}`,
      );
      const hearing = hearAll(readStream(through(member, proxy.url), answer.id));
      for (const [n, chunk] of said.entries()) {
        answer.say(chunk);
        if (n % 30 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await answer.finish({ message: { parts: [{ type: "text", text: said.join("") }] } });
      const heard = await hearing;
      assertDeepEquals(
        heard.slice(0, -1),
        said.map((text, number) => ({ type: "chunk" as const, number, text })),
      );
      const { message_id } = answer;
      assertDeepEquals(heard.at(-1), { type: "end", status: "finished", message_id, error: null });
      assert(proxy.cuts >= 3, `${proxy.cuts} cuts`);
      assertEquals(
        await refusal(hearAll(readStream(through(outsider), answer.id))),
        "404 not_found",
      );
    },
  });
}

Deno.test("a writer says again what the fast memory has lost, and hears that its reader has enough", async () => {
  const answer = await writeStream(service, { conversation_id: await openConversation() });
  const heard: string[] = [];
  const events = readStream(as(member), answer.id);
  const hear = async (enough: number) => {
    while (heard.length < enough) {
      const { value } = await events.next();
      assert(value?.type === "chunk", JSON.stringify(value));
      heard.push(value.text);
    }
  };
  for (const chunk of ["a", "b", "c"]) answer.say(chunk);
  await hear(3);
  await using isolate = startIsolate();
  await isolate.services.scratchpad.use((pad) => pad.expireChunks(chunksOf(answer.id), 0));
  answer.say("d");
  await hear(4);
  assertEquals(heard.join(""), "abcd");
  assertEquals(answer.stopped.aborted, false);

  assertEquals(await refusal(stopStream(as(admin), answer.id)), "404 not_found");
  await stopStream(as(member), answer.id);
  const stopped = new Promise((resolve) => answer.stopped.addEventListener("abort", resolve));
  answer.say("e");
  await stopped;
  await answer.finish({ message: { parts: [{ type: "text", text: "abcde" }] } });
  const rest = await hearAll(events);
  assertDeepEquals(rest.at(-1), {
    type: "end",
    status: "stopped",
    message_id: answer.message_id,
    error: null,
  });
  assertEquals(await refusal(answer.finish({ error: "" })), "400 invalid_body");
  assertEquals(
    await refusal(writeStream(as(member), { conversation_id: await openConversation() })),
    "401 not_authenticated",
  );
});

Deno.test("who follows a room hears who comes and goes, all anew after a cut, and the end", async () => {
  await using proxy = startCuttingProxy();
  const colleague = await world.addPerson("member");
  const breaks: number[] = [];
  const events = followPresence(as(member, proxy.url), {
    workspace,
    onBreak: (_, pause) => void breaks.push(pause),
  });
  async function next<Type extends PresenceEvent["type"]>(type: Type) {
    for (;;) {
      const { value, done } = await events.next();
      assert(!done, `it ended before ${type}`);
      if (value.type === type) return value as Extract<PresenceEvent, { type: Type }>;
    }
  }
  assertDeepEquals((await next("here")).members, []);
  const here = stayPresent(as(colleague), { workspace, metadata: { page: "/" } });
  const { member: joined } = await next("joined");
  assertDeepEquals([joined.kind, joined.id, joined.status], ["person", colleague.id, "online"]);
  proxy.cut();
  assertDeepEquals((await next("here")).members.map(({ id }) => id), [colleague.id]);
  assertDeepEquals([proxy.cuts, breaks.length], [1, 1]);
  await here.leave();
  assertEquals((await next("left")).member.id, colleague.id);
  assertDeepEquals(await listPresent(as(member), workspace), []);

  const lost = followPresence(as(colleague), { workspace });
  assertEquals((await lost.next()).value?.type, "here");
  await sql`
    delete from public.members where workspace_id = ${workspace} and user_id = ${colleague.id}`;
  const { value } = await lost.next();
  assertDeepEquals(value, { type: "end", reason: "not_a_member" });
  assertEquals((await lost.next()).done, true);
  assertEquals(await refusal(followPresence(as(outsider), { workspace }).next()), "404 not_found");
  await events.return();
});
