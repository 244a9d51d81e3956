/**
 * The minute's tour of the README, to run against a stack that `npm start` has started:
 *
 *   npx deno run -A docs/tour.ts http://127.0.0.1:54321 sb_publishable_…
 *
 * The README shows what it prints; a test runs it and compares.
 */
import { createGroundworkClient } from "../types/client.ts";

const [url, key] = Deno.args;
if (!url || !key) throw new Error("usage: tour.ts <API URL> <publishable key>");

/** A seeded person: a supabase-js client for the tables, and `call` for the functions. */
async function signIn(email: string) {
  const client = createGroundworkClient(url!, key!, { auth: { persistSession: false } });
  const { data, error } = await client.auth.signInWithPassword({
    email,
    password: "groundwork-demo",
  });
  if (error) throw error;
  const { access_token: token, user } = data.session;
  return {
    id: user.id,
    token,
    client,
    async call(method: string, path: string, body?: unknown) {
      const response = await fetch(`${url}/functions/v1/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          apikey: key!,
          "content-type": "application/json",
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return { status: response.status, ...await response.json() };
    },
    end: () => client.auth.signOut(),
  };
}

const juan = await signIn("juan@acme.example");
const ben = await signIn("ben@acme.example");

// 1. Juan opens the product: which agents are his?
const { agents } = await juan.call("GET", "agents");
console.log("Juan may use", agents.map((agent: { name: string }) => agent.name).join(" and "));

// 2. He opens HR and says something; everyone in the workspace sees that he is here.
const hr = agents.find((agent: { slug: string }) => agent.slug === "hr");
const session = await juan.call("POST", "sessions", { agent_id: hr.id });
const socket = new WebSocket(
  `${
    url.replace("http", "ws")
  }/functions/v1/sessions/${session.session_id}/connect?access_token=${juan.token}`,
);
const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
await new Promise((resolve) => socket.onopen = resolve);
const answered = new Promise<MessageEvent>((resolve) => socket.onmessage = resolve);
socket.send("How many days of leave do I have?");
await answered;
console.log("HR answered through the relay");

await juan.call("PUT", "presence", { workspace_id: hr.workspace_id, status: "online" });
const room = await ben.call("GET", `presence/${hr.workspace_id}`);
console.log("Ben sees", room.members.length, "person here");

// 3. The turn ends: an audit entry and a bill, exactly once, however often it is said.
const turn = {
  request_id: crypto.randomUUID(),
  usage: [{ kind: "tokens", quantity: 812, unit: "tokens" }],
};
const first = await juan.call("POST", `sessions/${session.session_id}/turns`, turn);
const second = await juan.call("POST", `sessions/${session.session_id}/turns`, turn);
const once = first.status === 201 && second.status === 200 && first.audit_id === second.audit_id;
console.log("The turn was recorded", once ? "once" : "wrongly");

// 4. Ben takes the permission away: the open socket ends, and asking again is refused.
const revoked = await ben.call("PUT", `agents/${hr.id}/access/${juan.id}`, {
  can_use: false,
  reason: "Moved to another team",
});
console.log("Ben revoked; Juan may use HR:", revoked.allowed);
console.log("The socket was closed with", (await closed).code);
const refused = await juan.call("POST", "sessions", { agent_id: hr.id });
console.log("Opening it again:", refused.status, refused.error.code);

// 5. Why? The same core that decides explains, with the row that decided.
const { data: why } = await ben.client.rpc("explain_access", { agent_id: hr.id, user_id: juan.id });
console.log("Because:", why?.[0]?.reason);

// And back, so that the tour can be taken again.
await ben.call("PUT", `agents/${hr.id}/access/${juan.id}`, { can_use: true });
await juan.call("DELETE", `presence?workspace_id=${hr.workspace_id}`);
await juan.end();
await ben.end();
