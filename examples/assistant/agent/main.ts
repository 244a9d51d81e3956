/**
 * The example's agents: each takes the answers that it is asked for from the queue `background_queries`, and says them
 * in their streams. They answer from documents and memory, or by a model where the environment names an endpoint.
 *
 *   npx deno run -A examples/assistant/agent/main.ts
 *
 * In the environment:
 *   SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY  the backend
 *   GROUNDWORK_AGENTS                       the agents: `<id>:<credential>`, separated by commas
 *   OPENAI_BASE_URL, OPENAI_MODEL           an endpoint that is compatible with OpenAI's, and a model of it
 *   OPENAI_API_KEY                          its key, where it wants one
 *
 * A credential has the scopes work:background_queries, conversations:read, conversations:write, memory:read,
 * memory:write and knowledge:read. It runs where nobody else reads it: never in a page.
 */
import { AgentTokenError, createAgentTokens } from "../../../types/agent-tokens.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { httpTransport, runWorker } from "../../../types/worker.ts";
import { answerTurn } from "./answer-turn.ts";
import { readModel } from "./model.ts";

const environment = (name: string): string => {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const url = environment("SUPABASE_URL");
const key = environment("SUPABASE_PUBLISHABLE_KEY");
const model = readModel(Deno.env.toObject());
const forAsker = [
  "conversations:read",
  "conversations:write",
  "knowledge:read",
  "memory:read",
  "memory:write",
];

/** One agent: what it is asked, it answers as itself for whoever asked. */
function runAgent(agent: string, credential: string) {
  const tokens = createAgentTokens({ url, agent, credential });
  return runWorker<"background_queries">({
    queue: "background_queries",
    transport: httpTransport({ url, token: tokens.asItself(["work:background_queries"]) }),
    name: "example-assistant",
    poll: { least: 0.1, most: 0.4 },
    async handler(claimed, signal) {
      const { workspace_id, work } = claimed;
      // Other questions in the background are for other workers.
      if (work.type !== "answer") {
        return { snooze: new Date(Date.now() + 5_000), reason: "not mine" };
      }
      const token = tokens.forQuery(claimed, forAsker);
      try {
        await token();
      } catch (error) {
        // The answer waits until its person, or an admin for everybody, allows the agent to give it.
        if (error instanceof AgentTokenError && error.code === "consent_required") {
          return { snooze: new Date(Date.now() + 2_000), reason: error.code };
        }
        throw error;
      }
      const client = createGroundworkClient(url, key, { accessToken: token });
      await answerTurn(
        { through: { url, token }, client, model },
        { ...work, workspace_id },
        signal,
      );
      return { outcome: {} };
    },
    onError: (error) => console.error(error instanceof Error ? error.message : error),
  });
}

const workers = environment("GROUNDWORK_AGENTS").split(",").map((one) => {
  const [agent, credential] = one.split(":");
  if (!agent || !credential) throw new Error("GROUNDWORK_AGENTS: <id>:<credential>, and so on");
  return runAgent(agent, credential);
});
console.log(
  model ? `Answering by ${model.modelId}` : "Answering from documents and memory",
);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => workers.forEach((worker) => void worker.stop()));
}
await Promise.all(workers.map(({ finished }) => finished));
Deno.exit(0);
