import assert from "node:assert/strict";
import { callFunction, RefusedError } from "./calls.ts";
import { followEvents, type FollowOptions } from "./server-sent-events.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** A server that gives each request the next of these answers, and what was asked of it. */
function serve(...answers: Answer[]) {
  const asked: { lastId: string | null; token: string | null }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { headers } = request;
    asked.push({ lastId: headers.get("last-event-id"), token: headers.get("authorization") });
    return answers[asked.length - 1]?.(request) ?? new Response(null, { status: 500 });
  });
  let tokens = 0;
  const through = {
    url: `http://127.0.0.1:${server.addr.port}`,
    token: () => `token ${++tokens}`,
  };
  const follow = (options?: FollowOptions) =>
    followEvents(async (lastId, signal) =>
      await callFunction(through, "events", {
        method: "GET",
        signal,
        headers: lastId === undefined ? {} : { "last-event-id": lastId },
      }) as Response, options);
  return { asked, follow, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** An answer that says this, and then goes on or ends. */
const says = (text: string, then: "ends" | "goes on" = "ends"): Answer => () =>
  new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        if (then === "ends") controller.close();
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
const refuses =
  (status: number, code: string, headers: Record<string, string> = {}): Answer => () =>
    Response.json({ error: { code, message: code } }, { status, headers });

async function hear(events: AsyncGenerator<{ data: string }>, enough: number): Promise<string[]> {
  const heard: string[] = [];
  for await (const { data } of events) {
    heard.push(data);
    if (heard.length === enough) break;
  }
  return heard;
}

Deno.test("a connection that falls silent is given up, and the next begins after what was heard", async () => {
  await using server = serve(
    says("id: 0\ndata: a\n\nid: 1\ndata: b", "goes on"),
    says("id: 1\ndata: b\n\n"),
  );
  const breaks: string[] = [];
  const onBreak = (error: unknown) => void breaks.push(String(error));
  assert.deepEqual(await hear(server.follow({ silence: 200, onBreak }), 2), ["a", "b"]);
  assert.deepEqual(server.asked.map(({ lastId }) => lastId), [null, "0"]);
  assert.match(breaks.join(), /silent/);
});

Deno.test("a token that has ended is asked for anew, once; another refusal is thrown", async () => {
  await using server = serve(
    refuses(401, "invalid_token"),
    says("data: a\n\n"),
    refuses(401, "invalid_token"),
    refuses(401, "invalid_token"),
  );
  const events = server.follow();
  assert.deepEqual(await events.next().then(({ value }) => value?.data), "a");
  await assert.rejects(events.next(), (error: RefusedError) => error.code === "invalid_token");
  assert.deepEqual(server.asked.map(({ token }) => token?.at(-1)), ["1", "2", "3", "4"]);
  await using other = serve(refuses(404, "not_found"));
  await assert.rejects(other.follow().next(), (error: RefusedError) => error.code === "not_found");
  assert.equal(other.asked.length, 1);
});

Deno.test("a backend that is busy or away is asked again, not before it said", async () => {
  await using server = serve(
    refuses(429, "rate_limited", { "retry-after": "1" }),
    refuses(503, "unavailable"),
    () => new Response("<html>", { status: 502 }),
    says(": nothing\n\n"),
    says("event: end\ndata: z\n\n"),
  );
  const pauses: number[] = [];
  const events = server.follow({ onBreak: (_, pause) => void pauses.push(pause) });
  assert.deepEqual(await hear(events, 1), ["z"]);
  assert.equal(pauses.length, 4);
  assert.ok(pauses[0]! >= 1000, `${pauses}`);
});

Deno.test("it ends with its signal, while it listens and while it waits", async () => {
  await using server = serve(says("data: a\n\n", "goes on"));
  const listening = new AbortController();
  const events = server.follow({ signal: listening.signal });
  assert.equal((await events.next()).value?.data, "a");
  const last = events.next();
  listening.abort();
  assert.equal((await last).done, true);

  const waiting = new AbortController();
  const onBreak = () => waiting.abort();
  assert.equal((await server.follow({ signal: waiting.signal, onBreak }).next()).done, true);
});
