import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { publishableKey, runProgram } from "./programs.ts";
import { connect, createWorld } from "./world.ts";

const sql = connect();
const { workspace, agent } = await createWorld(sql);
const [credential] = await sql<{ secret: string }[]>`
  select secret from private.create_agent_credential(
    ${agent}, 'tests', '{memory:read,memory:write,work:code_task_queue}'::text[], null)`;
Deno.test.afterAll(() => sql.end());

const runAgent = async () =>
  (await runProgram("docs/agent.ts", publishableKey, agent, credential?.secret ?? "")).trim().split(
    "\n",
  );

const addTasks = (n: number) =>
  sql`insert into public.code_task_queue (workspace_id, prompt, repository)
      select ${workspace}, 'Make it so.', 'test/agent' from generate_series(1, ${n}::integer)`;

async function readState() {
  const [row] = await sql`
    select (value ->> 'tasks_done')::integer as done, version from public.agent_memory
    where workspace_id = ${workspace} and memory_type = 'state' and key = 'coder'`;
  return { ...row };
}

Deno.test("two agents at once do each task once, and neither's memory is overwritten", async () => {
  await addTasks(8);
  await Promise.all([runAgent(), runAgent()]);
  const rows = await sql`
    select status, attempts, result ->> 'summary' as summary, cost_minor, currency
    from public.code_task_queue where workspace_id = ${workspace}`;
  const done = {
    status: "done",
    attempts: 1,
    summary: "Read 3 words and did as they say.",
    cost_minor: 3,
    currency: "USD",
  };
  assertDeepEquals(rows.map((row) => ({ ...row })), Array.from({ length: 8 }, () => done));
  assertDeepEquals(await readState(), { done: 8, version: 8 });
  const [history] = await sql`
    select array_to_string(array_agg(value ->> 'tasks_done' order by version), ' ') as counts
    from public.agent_memory_history where workspace_id = ${workspace} and key = 'coder'`;
  assertEquals(history?.counts, "1 2 3 4 5 6 7 8");
});

Deno.test("the next session goes on where the last one left off, knowing what it must", async () => {
  await sql`insert into public.agent_memory (workspace_id, memory_type, key, value)
    values (${workspace}, 'policy', 'tone', '"kind"'), (${workspace}, 'episodic', 'x', '1')`;
  await addTasks(1);
  assertDeepEquals((await runAgent()).slice(-3), [
    "Task in test/agent; knowing 1 things, after 8 tasks",
    "Done: Read 3 words and did as they say. That makes 9",
    "Nothing to do",
  ]);
  assertDeepEquals(await readState(), { done: 9, version: 9 });
});
