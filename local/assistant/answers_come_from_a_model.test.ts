/**
 * The example's agent with an endpoint that is compatible with OpenAI's: a server here, which records what it is asked.
 */
import assert from "node:assert/strict";
import { answerByModel } from "../../examples/assistant/agent/answer-by-model.ts";
import type { Turn } from "../../examples/assistant/agent/answer-turn.ts";
import { readModel } from "../../examples/assistant/agent/model.ts";
import { createAnswer } from "../../examples/assistant/agent/write-answer.ts";

interface Asked {
  model: string;
  messages: { role: string; content: unknown }[];
}

/** Answers each request with the words, one an event, or with a refusal. */
function startEndpoint(words: string[] | null) {
  const asked: Asked[] = [];
  const authorizations: (string | null)[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      asked.push(await request.json());
      authorizations.push(request.headers.get("authorization"));
      if (!words) return Response.json({ error: { message: "no such model" } }, { status: 404 });
      const chunk = (delta: object, finish_reason: string | null = null) =>
        `data: ${
          JSON.stringify({
            id: "1",
            object: "chat.completion.chunk",
            choices: [{ index: 0, delta, finish_reason }],
          })
        }\n\n`;
      const events = [...words.map((content) => chunk({ content })), chunk({}, "stop")];
      return new Response(`${events.join("")}data: [DONE]\n\n`, {
        headers: { "content-type": "text/event-stream" },
      });
    },
  );
  return {
    environment: {
      OPENAI_BASE_URL: `http://127.0.0.1:${server.addr.port}/v1`,
      OPENAI_MODEL: "small",
      OPENAI_API_KEY: "its key",
    },
    asked,
    authorizations,
    stop: () => server.shutdown(),
  };
}

const turn = {
  prompt: {
    record_id: 7,
    messages: [
      { role: "system", content: "What is known of the person:\n- Works in the people team." },
      { role: "user", parts: [{ type: "text", text: "Hello" }] },
      { role: "assistant", parts: [{ type: "step-start" }, { type: "text", text: "Good day" }] },
      {
        role: "user",
        parts: [
          { type: "text", text: "When do I leave?" },
          { type: "file", mediaType: "text/plain", filename: "plan.txt", url: "storage:x" },
        ],
      },
      { role: "system", content: "What may matter now:\n- Off in May." },
    ],
  },
} as unknown as Turn;

/** An answer that keeps what is said. */
function keepAnswer() {
  const said: string[] = [];
  const stream = { say: (chunk: string) => said.push(chunk) } as never;
  const answer = createAnswer(stream, new AbortController().signal, { role: "user" } as never);
  return { said, answer };
}

Deno.test("a model is given the recorded prompt, and its words are said as they come", async () => {
  const endpoint = startEndpoint(["In ", "May", "."]);
  try {
    const { said, answer } = keepAnswer();
    await answerByModel(turn, readModel(endpoint.environment)!, answer);
    assert.deepEqual(answer.parts(), [
      { type: "step-start" },
      { type: "text", text: "In May.", state: "done" },
    ]);
    const deltas = said.map((chunk) => JSON.parse(chunk)).filter(({ type }) =>
      type === "text-delta"
    );
    assert.deepEqual(deltas.map(({ delta }) => delta), ["In ", "May", "."]);
    const [{ model, messages } = assert.fail("nothing was asked")] = endpoint.asked;
    assert.equal(model, "small");
    assert.deepEqual(endpoint.authorizations, ["Bearer its key"]);
    assert.deepEqual(messages.map(({ role }) => role), ["system", "user", "assistant", "user"]);
    assert.match(String(messages[0]!.content), /people team[\s\S]*Off in May/);
    assert.match(JSON.stringify(messages[3]), /When do I leave\?.*\(attached: plan\.txt\)/);
  } finally {
    await endpoint.stop();
  }
});

Deno.test("what an endpoint refuses is thrown, so that the answer breaks off", async () => {
  const endpoint = startEndpoint(null);
  try {
    const { answer } = keepAnswer();
    await assert.rejects(
      answerByModel(turn, readModel(endpoint.environment)!, answer),
      /no such model/,
    );
  } finally {
    await endpoint.stop();
  }
});

Deno.test("without an endpoint there is no model, and half of one is refused", () => {
  assert.equal(readModel({ OPENAI_MODEL: "small" }), null);
  assert.throws(
    () => readModel({ OPENAI_BASE_URL: "http://127.0.0.1:1/v1" }),
    /OPENAI_MODEL is not/,
  );
});
