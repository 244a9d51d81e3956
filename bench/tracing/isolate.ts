/**
 * Functions in a process of their own, asked without HTTP, whose CPU time is counted: `isolate.ts <folder of the
 * functions> <person's token> <agent> <conversation>`. Each line of its input is a number and what is done as often,
 * `10000 check` or `5 turn`; it answers each with `spent` and the nanoseconds of CPU that
 * this took, of all threads.
 */
type Functions = typeof import("../../supabase/functions/_shared/http/app.ts");
type Environments = typeof import("../../supabase/functions/_shared/environment.ts");
type Isolates = typeof import("../../supabase/functions/_shared/services.ts");

const [folder = "", token = "", agent = "", conversation = ""] = Deno.args;
const { serve }: Functions = await import(`${folder}/_shared/http/app.ts`);
const { parseEnvironment }: Environments = await import(`${folder}/_shared/environment.ts`);
const { createServices }: Isolates = await import(`${folder}/_shared/services.ts`);

const environment = parseEnvironment();
const services = createServices(environment);
const load = async (name: string) => {
  const { app } = await import(`${folder}/${name}/index.ts`);
  return serve(app, () => services).fetch;
};
const [agents, context, streams] = await Promise.all(["agents", "context", "streams"].map(load));

async function cpuTime(): Promise<number> {
  let sum = 0;
  for await (const { name } of Deno.readDir("/proc/self/task")) {
    const [ran] = (await Deno.readTextFile(`/proc/self/task/${name}/schedstat`)).split(" ");
    sum += Number(ran);
  }
  return sum;
}

async function check(): Promise<void> {
  const response = await agents!(
    new Request(`http://functions/agents/${agent}/access`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  );
  // On a busy machine the answer of two seconds ago cannot always be renewed in time.
  if (response.status === 503) return await check();
  if (response.status !== 200) throw new Error(await response.text());
}

const key = environment.secretKeys.default ?? "";
async function ask(fetch: typeof agents, method: string, path: string, body?: unknown) {
  const response = await fetch!(
    new Request(`http://functions${path}`, {
      method,
      headers: { apikey: key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return await response.json();
}

/** Eight requests: an answer is begun, its prompt made, said in five pieces, and stored. */
async function turn(): Promise<void> {
  const { stream_id } = await ask(streams, "POST", "/streams", { conversation_id: conversation });
  await ask(context, "GET", `/context/${conversation}?budget=2000`);
  for (let from = 0; from < 5; from++) {
    const chunks = ["a piece of an answer"];
    await ask(streams, "POST", `/streams/${stream_id}/chunks`, { from, chunks });
  }
  const parts = [{ type: "text", text: "an answer" }];
  await ask(streams, "POST", `/streams/${stream_id}/finish`, { message: { parts } });
}

const works: Record<string, () => Promise<void>> = { check, turn };
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let given = "";
console.log("spent 0");
for await (const text of lines) {
  given += text;
  for (let end = given.indexOf("\n"); end >= 0; end = given.indexOf("\n")) {
    const [times, work = ""] = given.slice(0, end).split(" ");
    given = given.slice(end + 1);
    const begun = await cpuTime();
    for (let n = 0; n < Number(times); n++) {
      await works[work]!();
      // A check from memory waits for nothing, and timers would never have their turn.
      if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    // Sending what was recorded is a part of it.
    await services.tracer.flush();
    console.log(`spent ${await cpuTime() - begun}`);
  }
}
Deno.exit();
