/**
 * An account elsewhere, from the client's side: connected, lent to an agent, accounted for, given up. docs/assistant.md
 * shows what it prints and how to come by a provider, and a test compares.
 *
 *   npx deno run -A docs/connect.ts http://127.0.0.1:54321 sb_publishable_… <provider>
 */
import { FunctionsHttpError } from "@supabase/supabase-js";
import { createGroundworkClient } from "../types/client.ts";
import { startHr } from "./hr.ts";

const [url, key, provider] = Deno.args;
if (!url || !key || !provider) {
  throw new Error("usage: connect.ts <API URL> <publishable key> <provider>");
}
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const password = "groundwork-demo";
const juan = createGroundworkClient(url, key, options);
await juan.auth.signInWithPassword({ email: "juan@acme.example", password });
/** The agent's side: with its own credential, for Juan. */
const { client: agent, stop } = await startHr(url, key, juan, ["connections:use"]);

async function done<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  if (error) throw error;
  return data!;
}
/** Calls a function of the backend. */
function call(client: typeof juan, method: "GET" | "DELETE", path: string) {
  // deno-lint-ignore no-explicit-any -- each function answers in its own shape
  return done<any>(client.functions.invoke(`connections/${path}`, { method }));
}

// 1. The provider's page is a person's to visit: a product sends the browser there. The function awaits it when it
// comes back.
const hr = (await done(juan.rpc("my_agents"))).find((one) => one.slug === "hr")!;
const mine = () => done(juan.from("service_connections").select().eq("provider", provider));
const before = new Map((await mine()).map(({ id, updated_at }) => [id, updated_at]));
const way = await call(juan, "GET", `${provider}/authorize?workspace=${hr.workspace_id}`);
console.error(`Open ${way.url}`);

// 2. What is connected is a row that one reads; the tokens are not in it. The same account, connected again, keeps its
// row.
const find = async () => (await mine()).find((one) => one.updated_at !== before.get(one.id));
let connection = await find();
while (!connection && Date.now() < Date.parse(way.expires_at)) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  connection = await find();
}
if (!connection) throw new Error("Nobody came back from the provider.");
console.log("Connected:", connection.status);

// 3. An agent borrows the token: one that Juan allowed it, and saying what for.
const reason = "to see when Juan is free";
const borrow = `${connection.id}/token?${new URLSearchParams({ reason })}`;
const lent = await call(agent, "GET", borrow);
console.log("HR borrowed:", lent.access_token ? `a ${lent.token_type} token` : "nothing");

// 4. Whoever answers for the workspace sees each reading: whose account, through which agent, why.
const ben = createGroundworkClient(url, key, options);
await ben.auth.signInWithPassword({ email: "ben@acme.example", password });
const entries = await done(
  ben.from("audit_log").select("action, agent_id, detail").eq("subject_id", connection.id)
    .eq("action", "connection.token_read").order("id", { ascending: false }).limit(1),
);
for (const { agent_id, detail } of entries) {
  console.log("Ben sees:", agent_id === hr.id && "HR,", (detail as { reason: string }).reason);
}

// 5. Given up, it is gone at once and taken back at the provider, if that offers it.
const removed = await call(juan, "DELETE", connection.id);
console.log("Taken back:", removed.provider);
console.log("Left:", (await mine()).length);
const late = await agent.functions.invoke(`connections/${borrow}`, { method: "GET" });
if (late.error instanceof FunctionsHttpError) {
  console.log("HR again:", (await late.error.context.json()).error.code);
}
await Promise.all([juan, ben].map((client) => client.auth.signOut()));
await stop();
