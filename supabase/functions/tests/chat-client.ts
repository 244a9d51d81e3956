/** `useChat` of the AI SDK in a process of its own, and the writer who answers it. */
import type postgres from "postgres";
import { assert } from "../_shared/asserts.ts";
import { ask, environment } from "./world.ts";

const folder = new URL("./clients/streams/", import.meta.url);

/** A React tree with `useChat`. */
export interface ChatClient extends AsyncDisposable {
  /** Has it do something, and waits until it is done. */
  // deno-lint-ignore no-explicit-any -- each command answers in its own shape
  run(command: string, more?: Record<string, unknown>): Promise<any>;
  /** Kills it in the middle of whatever it does, as a page that is reloaded. */
  kill(): Promise<void>;
}

/** Starts `useChat` of a version of the AI SDK in a conversation. */
export function startChat(
  version: 6 | 7,
  token: string,
  conversation: string,
  options: Record<string, unknown> = {},
): ChatClient {
  const process = new Deno.Command("node", {
    args: [
      "use-chat.mjs",
      String(version),
      `${environment.url}/functions/v1/streams/chat`,
      token,
      conversation,
      JSON.stringify(options),
    ],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = process.stdin.getWriter();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const kill = async () => {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await process.status;
    await input.abort().catch(() => {});
    await lines.cancel().catch(() => {});
  };
  return {
    async run(command, more = {}) {
      await input.write(new TextEncoder().encode(`${JSON.stringify({ command, ...more })}\n`));
      while (!rest.includes("\n")) {
        const { value, done } = await lines.read();
        assert(!done, `useChat ended at ${command}`);
        rest += value;
      }
      const [line = "", ...after] = rest.split("\n");
      rest = after.join("\n");
      const { done, failed } = JSON.parse(line);
      assert(failed === undefined, `${command}: ${failed}`);
      return done;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

/** An answer that was asked for, as its writer holds it. */
export interface Answering {
  stream_id: string;
  message_id: string;
  answers: string;
  say(...chunks: (string | Record<string, unknown>)[]): Promise<{ next: number; stop?: boolean }>;
  finish(parts: Record<string, unknown>[], more?: Record<string, unknown>): Promise<number>;
}

const begun = new Set<string>();

/**
 * What is asked in a conversation, once each. Read and not claimed: the queue is everybody's, and its
 * grammar is shown elsewhere.
 */
export async function nextAnswer(
  sql: postgres.Sql<{ bigint: number }>,
  conversation: string,
): Promise<Answering> {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const asked = await sql<{ input: Answering }[]>`
      select input from public.background_queries
      where conversation_id = ${conversation} and type = 'answer' order by id`;
    const fresh = asked.find(({ input }) => !begun.has(input.stream_id));
    if (fresh) {
      begun.add(fresh.input.stream_id);
      return answering(fresh.input);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nobody asked for an answer");
}

function answering(input: Pick<Answering, "stream_id" | "message_id" | "answers">): Answering {
  let from = 0;
  const path = `/streams/${input.stream_id}`;
  return {
    ...input,
    async say(...chunks) {
      const said = chunks.map((chunk) => typeof chunk === "string" ? chunk : JSON.stringify(chunk));
      const { status, body } = await ask("POST", `${path}/chunks`, {
        as: "service",
        body: { from, chunks: said },
      });
      assert(status === 200, JSON.stringify(body));
      from += chunks.length;
      return body as { next: number; stop?: boolean };
    },
    async finish(parts, more = {}) {
      const { status, body } = await ask("POST", `${path}/finish`, {
        as: "service",
        body: { message: { parts }, chunks: from, ...more },
      });
      assert(status === 200, JSON.stringify(body));
      return status;
    },
  };
}
