/**
 * A wrong door says where the right one is, to those who belong there. All others find nothing. The stack stays a
 * project of its own: the directory's rows are written here as `place_workspace` would write them.
 */
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { openWorkspace } from "../../../types/cells.ts";
import { addConsent, addCredential, asAgent } from "./agent-tokens.ts";
import { ask, connect, createWorld, environment } from "./world.ts";

const sql = connect();
const gone = await createWorld(sql);
const twin = await createWorld(sql);
const cell = `t-${gone.workspace}`;
const place = {
  workspace_id: gone.workspace,
  cell,
  region: "eu",
  url: "https://elsewhere.example",
  publishable_key: "sb_publishable_elsewhere",
  status: "elsewhere",
  revision: 1,
};
Deno.test.afterAll(() => sql.end());

/** Waits until what the isolates have kept of the memberships is over: at most 2 s. */
const untilForgotten = () => new Promise((resolve) => setTimeout(resolve, 2100));

/** Follows who is in a room. */
async function follow(workspace: string, token: string): Promise<Response> {
  return await fetch(`${environment.url}/functions/v1/presence/${workspace}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(60_000), // an end that never comes is a failure, not a wait
  });
}
const streams = {
  gone: await follow(gone.workspace, gone.member.token),
  removed: await follow(twin.workspace, twin.guest.token),
  stays: await follow(twin.workspace, twin.member.token),
};

await ask("GET", `/presence/${gone.workspace}`, { as: gone.member });
await sql.begin((transaction) => [
  transaction`insert into private.cells (name, url, region, publishable_key)
    values (${cell}, ${place.url}, 'eu', ${place.publishable_key})`,
  transaction`insert into private.workspace_places (workspace_id, cell, region, status)
    values (${gone.workspace}, ${cell}, 'eu', 'elsewhere')`,
  transaction`update public.workspaces set left_at = now() where id = ${gone.workspace}`,
  transaction`delete from public.members where workspace_id = ${twin.workspace} and user_id = ${twin.guest.id}`,
]);
await untilForgotten();

const requests: [string, string, string, Record<string, unknown>?][] = [
  ["its path", "GET", `/presence/${gone.workspace}`],
  ["its query", "GET", `/usage?workspace=${gone.workspace}`],
  ["its body", "PUT", "/presence/typing", {
    workspace_id: gone.workspace,
    conversation_id: gone.workspace,
  }],
  ["the path of its events", "GET", `/presence/${gone.workspace}/events`],
];
for (const [part, method, path, body] of requests) {
  Deno.test(`a request that names a workspace by ${part} is told its cell`, async () => {
    const told = await ask(method, path, { as: gone.member, body });
    assertEquals(told.status, 421);
    assertEquals(told.body.error.code, "misdirected_workspace");
    assertEquals(told.body.error.hint, place.url);
    const { status: _, ...details } = place;
    assertDeepEquals(told.body.error.details, details);
    const stranger = await ask(method, path, { as: twin.member, body });
    assertEquals(stranger.status, 404);
    assertEquals(stranger.body.error.code, "not_found");
  });
}

Deno.test("who follows a workspace that leaves is sent on, and not told that they are no member", async () => {
  const reader = streams.stays.body!.pipeThrough(new TextDecoderStream()).getReader();
  const ended = [[streams.gone, "renew"], [streams.removed, "not_a_member"]] as const;
  for (const [stream, reason] of ended) {
    assertEquals(stream.status, 200);
    const said = await stream.text();
    assertEquals(
      said.slice(said.indexOf("event: end")),
      `event: end\ndata: {"reason":"${reason}"}\n\n`,
    );
  }
  let said = "";
  await ask("PUT", "/presence", { as: twin.owner, body: { workspace_id: twin.workspace } });
  while (!said.includes(twin.owner.id)) said += (await reader.read()).value;
  assertEquals(said.includes("event: end"), false, "who belongs to one that stays goes on");
  await reader.cancel();
});

Deno.test("the place of a workspace is told to its people and the service, and to nobody else", async () => {
  const path = `/access/v1/places/${gone.workspace}`;
  for (const as of [gone.owner, gone.guest, "service"] as const) {
    const { status, body } = await ask("GET", path, { as });
    assertEquals(status, 200);
    assertDeepEquals(body, place);
  }
  for (const as of [twin.owner, gone.outsider]) {
    assertEquals((await ask("GET", path, { as })).status, 404);
  }
  const unknown = `/access/v1/places/${crypto.randomUUID()}`;
  const strange = await ask("GET", path, { as: twin.owner });
  assertDeepEquals(
    (await ask("GET", unknown, { as: twin.owner })).body,
    strange.body,
    "as one that does not exist",
  );
  assertEquals((await ask("GET", path)).status, 401);
  assertEquals((await ask("GET", "/access/v1/places/none", { as: gone.owner })).status, 400);
});

Deno.test("an agent is told of its own workspace, and of no other that its person has", async () => {
  const person = gone.member.id;
  const scopes = ["presence"];
  await sql`
    insert into public.members (workspace_id, user_id, role) values (${twin.workspace}, ${person}, 'member')`;
  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id)
    values (${person}, ${twin.agent}, ${twin.workspace})`;
  await addConsent(sql, twin.agent, person, scopes);
  const hold = async ({ agent, workspace }: typeof twin) =>
    await asAgent(agent, await addCredential(sql, agent, scopes), scopes, person, workspace);
  const [stays, left] = [await hold(twin), await hold(gone)];
  const tell = async (as: typeof stays, { workspace }: typeof twin) =>
    (await ask("GET", `/access/v1/places/${workspace}`, { as })).status;
  assertDeepEquals([await tell(stays, twin), await tell(stays, gone)], [200, 404]);
  assertDeepEquals([await tell(left, twin), await tell(left, gone)], [404, 200]);
  const room = async (workspace: string) =>
    (await ask("GET", `/presence/${workspace}`, { as: stays })).status;
  assertDeepEquals([await room(twin.workspace), await room(gone.workspace)], [200, 404]);
});

Deno.test("what is here is served, and its place says so", async () => {
  assertEquals((await ask("GET", `/presence/${twin.workspace}`, { as: twin.member })).status, 200);
  const { body } = await ask("GET", `/access/v1/places/${twin.workspace}`, { as: twin.member });
  assertDeepEquals([body.status, body.url, body.revision], ["here", null, 0]);
});

Deno.test("supabase-js finds the cell of a workspace, and one project is its own", async () => {
  const key = environment.publishableKeys.default ?? "";
  const clientOf = (token: string) =>
    createGroundworkClient(environment.url, key, { accessToken: () => Promise.resolve(token) });
  const home = clientOf(twin.member.token);
  assertEquals(await openWorkspace(home, twin.workspace), home);
  const { data } = await clientOf(gone.member.token).rpc("workspace_place", {
    workspace_id: gone.workspace,
  }).single();
  assertDeepEquals([data?.cell, data?.url, data?.status], [cell, place.url, "elsewhere"]);
  const { error } = await home.rpc("workspace_place", { workspace_id: gone.workspace });
  assertEquals(error?.code, "not_found");
});
