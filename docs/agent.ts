/**
 * An agent that works while nobody watches: it claims tasks, reads what it remembers, does them,
 * writes the outcome, and saves its memory.
 *
 *   npx deno run -A docs/agent.ts http://127.0.0.1:54321 sb_publishable_… <agent's id> gwa_…
 *
 * It needs no secret key: its credential has the scopes work:code_task_queue, memory:read and memory:write, and opens
 * nothing but its own workspace's tasks and its own memory.
 *
 * Killed at any point no task is lost: it goes back when its lease ends. Killed after the outcome is
 * written and before memory is, the outcome stands and the memory misses one. Memory is saved from
 * the version that was read or not at all. A test runs it, also two at the same time.
 */
import { createAgentTokens } from "../types/agent-tokens.ts";
import { createGroundworkClient } from "../types/client.ts";
import { type Claimed, httpTransport, WorkError } from "../types/worker.ts";

const [url, key, agent, credential, worker = `agent ${crypto.randomUUID().slice(0, 8)}`] =
  Deno.args;
if (!url || !key || !agent || !credential) {
  throw new Error("usage: agent.ts <API URL> <publishable key> <agent's id> <credential> [name]");
}

const queue = "code_task_queue";
const accessToken = createAgentTokens({ url, agent, credential }).asItself();
const groundwork = createGroundworkClient(url, key, { accessToken });
const tasks = httpTransport({ url, token: accessToken });

type Task = Claimed<Record<string, unknown>>;

/** What the agent knows of where it left off, and the version from which it goes on. */
async function readState(workspace: string) {
  const { data } = await groundwork.from("agent_memory")
    .select("key, value, version")
    .eq("workspace_id", workspace)
    .eq("memory_type", "state")
    .eq("key", "coder")
    .eq("agent_id", agent!)
    .maybeSingle()
    .throwOnError();
  const state = data?.value as { tasks_done: number; last_task: number } | undefined;
  return { done: state?.tasks_done ?? 0, version: data?.version ?? 0 };
}

/** The work. A real agent thinks here; this one counts the words of what it was asked. */
function solve(prompt: string) {
  const words = prompt.split(/\s+/).length;
  return { summary: `Read ${words} words and did as they say.`, cost: words };
}

/** Saves from the version that was read; when another session was faster, reads and adds again. */
async function saveState(workspace: string, task: Task): Promise<number> {
  for (let tries = 0; tries < 10; tries++) {
    const { done, version } = await readState(workspace);
    const { error } = await groundwork.rpc("save_agent_memory", {
      workspace_id: workspace,
      agent_id: agent!,
      entries: [{
        memory_type: "state",
        key: "coder",
        value: { tasks_done: done + 1, last_task: task.id },
        confidence: 1,
        version,
      }],
    });
    if (!error) return done + 1;
    if (error.code !== "memory_conflict") throw error;
  }
  throw new Error("others kept changing the memory");
}

/** Claims one task at a time, so that none waits in here while another worker is idle. */
async function claim(): Promise<Task | undefined> {
  const [task] = await tasks.claim(queue, worker, 1, 300);
  return task as Task | undefined;
}

for (let task = await claim(); task; task = await claim()) {
  const { prompt, repository } = task.work as { prompt: string; repository: string };
  // 1. What is known when the session starts: who it works for, what it must not do, where it was.
  const { data: memory } = await groundwork.rpc("load_agent_memory", {
    workspace_id: task.workspace_id,
    agent_id: agent,
    memory_types: ["identity", "policy", "strategy"],
  }).throwOnError();
  const { done } = await readState(task.workspace_id);
  console.log(`Task in ${repository}; knowing ${memory.length} things, after ${done} tasks`);

  // 2. The work, and its outcome: result and cost, under the claim.
  const { summary, cost } = solve(prompt);
  try {
    const held = { token: task.claim_token, ids: [task.id] };
    await tasks.complete(queue, held, { result: { summary }, cost_minor: cost, currency: "USD" });
  } catch (error) {
    // Somebody else has it now, and will remember it.
    if (error instanceof WorkError && error.code === "lease_lost") continue;
    throw error;
  }

  // 3. Where it left off, for the next session.
  console.log(`Done: ${summary} That makes ${await saveState(task.workspace_id, task)}`);
}
console.log("Nothing to do");
