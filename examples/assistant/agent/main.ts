/**
 * The example's agent: takes the answers that talks ask for from the queue `background_queries`, and says them in their
 * streams. It answers from documents and memory, or by a model where the environment names an endpoint.
 *
 *   npx deno run -A examples/assistant/agent/main.ts
 *
 * In the environment:
 *   SUPABASE_URL, SUPABASE_SECRET_KEY       the backend, and the key of whoever operates it
 *   OPENAI_BASE_URL, OPENAI_MODEL           an endpoint that is compatible with OpenAI's, and a model of it
 *   OPENAI_API_KEY                          its key, where it wants one
 *
 * It runs where nobody but its operator reads the secret key: never in a page.
 */
import { httpTransport, runWorker } from "../../../types/worker.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { answerTurn } from "./answer-turn.ts";
import { readModel } from "./model.ts";

const environment = (name: string): string => {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const url = environment("SUPABASE_URL");
const key = environment("SUPABASE_SECRET_KEY");
const client = createGroundworkClient(url, key, {
  auth: { persistSession: false, autoRefreshToken: false },
});
const model = readModel(Deno.env.toObject());

const worker = runWorker<"background_queries">({
  queue: "background_queries",
  transport: httpTransport({ url, key }),
  name: "example-assistant",
  poll: { least: 0.1, most: 0.4 },
  async handler({ workspace_id, work }, signal) {
    // Other questions in the background are for other workers.
    if (work.type !== "answer") {
      return { snooze: new Date(Date.now() + 5_000), reason: "not mine" };
    }
    await answerTurn(
      { url, key, client, model },
      { ...work, workspace_id },
      signal,
    );
    return { outcome: {} };
  },
  onError: (error) => console.error(error instanceof Error ? error.message : error),
});
console.log(
  model ? `Answering by ${model.modelId}` : "Answering from documents and memory",
);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void worker.stop());
}
await worker.finished;
Deno.exit(0);
