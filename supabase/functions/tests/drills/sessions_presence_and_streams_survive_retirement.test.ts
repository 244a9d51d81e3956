/**
 * A person talks, reads an answer and watches who is here while the isolates of all three functions are retired ten
 * times, as the platform does it. What must hold: what is said reaches the agent and comes back, all of it, once and in
 * order; the answer is read without gaps or doubles; and who is here never seems to have left.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createGroundworkClient } from "../../../../types/client.ts";
import { openSessionSocket } from "../../../../types/session-socket.ts";
import { type Heard, listen, openReader } from "../stream-reader.ts";
import { startDrillStack } from "./drill-stack.ts";

const ACME = "00000000-0000-4000-b000-000000000001";
const HR = "00000000-0000-4000-c000-000000000001";
/** Seconds. */
const WALL_CLOCK = 12;
const RETIREMENTS = 10;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("sessions, presence and streams across ten retirements: nothing is lost, nothing doubled", async () => {
  await using stack = await startDrillStack({ redis: "none", wallClock: WALL_CLOCK });
  const client = createGroundworkClient(stack.apiUrl, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.auth.signInWithPassword({
    email: "juan@acme.example",
    password: "groundwork-demo",
  });
  if (error) throw error;
  const token = data.session.access_token;
  const me = data.session.user.id;
  const functions = `${stack.apiUrl}/functions/v1`;
  const ask = async (path: string, method: string, body: unknown, key = token) => {
    const response = await fetch(`${functions}/${path}`, {
      method,
      headers: {
        ...(key === token ? { authorization: `Bearer ${token}` } : { apikey: key }),
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, said: await response.json() };
  };
  let isOver = false;
  const counts = { sessions: 0, streams: 0, presence: 0 };
  const enough = () => Object.values(counts).every((count) => count >= RETIREMENTS);

  async function talk(): Promise<void> {
    const { status, said } = await ask("sessions", "POST", { agent_id: HR });
    strictEqual(status, 201);
    const heard: unknown[] = [];
    const socket = openSessionSocket({
      url: said.connect_url,
      token: () => token,
      onMessage: (message) => heard.push(message),
      onComeAgain: () => counts.sessions++,
    });
    let next = 0;
    for (; !isOver; await pause(10)) {
      for (const end = next + 5; next < end; next++) socket.send(`word ${next}`);
    }
    for (let tries = 0; heard.length < next && tries < 600; tries++) await pause(50);
    deepStrictEqual(heard, Array.from({ length: next }, (_, number) => `word ${number}`));
    socket.close();
    strictEqual((await socket.ended).code, 1000);
  }

  async function read(): Promise<void> {
    const conversation = await client.from("conversations")
      .insert({ workspace_id: ACME, agent_id: HR, title: "A long answer" }).select("id").single()
      .throwOnError();
    const opened = await ask(
      "streams",
      "POST",
      { conversation_id: conversation.data.id },
      stack.secretKey,
    );
    strictEqual(opened.status, 201, JSON.stringify(opened.said));
    const path = `streams/${opened.said.stream_id}`;
    const pieces: string[] = [];
    const saying = (async () => {
      for (; !isOver; await pause(50)) {
        const chunk = `piece ${pieces.length}`;
        const body = { from: pieces.length, chunks: [chunk] };
        const { status } = await ask(`${path}/chunks`, "POST", body, stack.secretKey);
        if (status === 200) pieces.push(chunk);
        else strictEqual(status, 503);
      }
      const message = { parts: [{ type: "text", text: pieces.join("") }] };
      const { status } = await ask(`${path}/finish`, "POST", { message }, stack.secretKey);
      strictEqual(status, 200);
    })();
    const heard: Heard = { pieces: [], whole: null };
    for (let status = ""; status !== "finished";) {
      status = await listen(await openReader(`${functions}/${path}`, token, heard), heard) ?? "cut";
      ok(status === "renew" || status === "finished", `the stream ended with ${status}`);
      if (status === "renew") counts.streams++;
    }
    await saying;
    deepStrictEqual(heard.pieces, pieces);
  }

  async function watch(): Promise<void> {
    const here = async () => {
      const { status } = await ask("presence", "PUT", { workspace_id: ACME });
      strictEqual(status, 200);
    };
    await here();
    const beating = (async () => {
      for (; !isOver; await pause(1000)) await here();
    })();
    while (!isOver) {
      const response = await fetch(`${functions}/presence/${ACME}/events`, {
        headers: { authorization: `Bearer ${token}` },
      });
      strictEqual(response.status, 200);
      const text = await response.text();
      // A connection that ends before the room was looked at knows nothing, and says nothing wrong.
      const seen = /event: here\ndata: (.*)/.exec(text)?.[1];
      strictEqual(seen?.includes(me) ?? true, true, "who beats is here");
      strictEqual(text.includes("event: left"), false, "who beats is here all the time");
      ok(
        text.endsWith('event: end\ndata: {"reason":"renew"}\n\n'),
        "the reader is told to come again",
      );
      if (seen !== undefined) counts.presence++;
    }
    await beating;
  }

  async function end(): Promise<void> {
    for (let waited = 0; !enough() && !isOver; waited++) {
      if (waited % 10 === 0) console.log(`retired so far: ${JSON.stringify(counts)}`);
      ok(waited < 500, `in 500 s there were only ${JSON.stringify(counts)} retirements`);
      await pause(1000);
    }
    isOver = true;
  }
  const parts = [talk, read, watch, end].map(async (part) => {
    try {
      await part();
    } finally {
      isOver = true; // one that fails ends the others
    }
  });
  const failures = (await Promise.allSettled(parts)).flatMap((part) =>
    part.status === "rejected" ? [part.reason] : []
  );
  if (failures.length > 0) throw new AggregateError(failures, JSON.stringify(counts));
});
