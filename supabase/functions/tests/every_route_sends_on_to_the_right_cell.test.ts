/**
 * Each route that names a workspace, asked for one that has left and for one that is here: by the secret key, by a
 * person of the workspace, by a stranger. The document of the routes says which there are.
 */
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import document from "../../../docs/openapi.json" with { type: "json" };
import { ask, connect, createWorld, environment, type Said } from "./world.ts";

const sql = connect();
const gone = await createWorld(sql);
const here = await createWorld(sql);
type World = typeof here;
const cell = `t-${gone.workspace.slice(0, 8)}`;
Deno.test.afterAll(() => sql.end());

/** A prompt and a session of an owner, which routes name by their own ids, and documents that can be moved. */
async function makeThings({ workspace, owner: member, agent }: World) {
  const [talk] = await sql<{ id: string }[]>`
    with talk as (
      insert into public.conversations (workspace_id, user_id) values (${workspace}, ${member.id}) returning id
    ), said as (
      insert into public.messages (workspace_id, conversation_id, user_id, role, parts)
      select ${workspace}, id, ${member.id}, 'user', '[{"type": "text", "text": "Hello"}]' from talk
    )
    select id from talk`;
  await sql`update public.conversations as c set active_message_id = m.id
    from public.messages as m where m.conversation_id = c.id and c.id = ${talk!.id}`;
  for (const path of ["a", "b"]) {
    await sql`select private.put_document(${workspace}, ${path}, 'Words.')`;
  }
  const prompt = await ask("GET", `/context/${talk!.id}`, { as: member });
  const session = await ask("POST", "/sessions", { as: member, body: { agent_id: agent } });
  return { record: prompt.body.record_id, session: session.body.session_id };
}
const things = { gone: await makeThings(gone), here: await makeThings(here) };

await sql.begin((transaction) => [
  transaction`insert into public.connection_providers (name, display_name, authorize_url, token_url, client_id)
    values (${cell}, 'P', 'https://p.example/a', 'https://p.example/t', 'c')`,
  transaction`insert into private.cells (name, url, region) values (${cell}, 'https://elsewhere.example', 'eu')`,
  transaction`insert into private.workspace_places (workspace_id, cell, region, status)
    values (${gone.workspace}, ${cell}, 'eu', 'elsewhere')`,
  transaction`update public.workspaces set left_at = now() where id = ${gone.workspace}`,
]);

/** How a route names it, and what is needed besides to be let in. */
interface Asked {
  path?: (world: World) => string;
  body?: (world: World, asService: boolean) => Record<string, unknown>;
}

const named = ({ workspace }: World) => ({ workspace_id: workspace });
const table: Record<string, Asked> = {
  "POST /account/erase": { body: (world) => ({ ...named(world), confirm: "erase" }) },
  "POST /audit": { body: (world) => ({ ...named(world), action: "test.asked" }) },
  "GET /audit/{workspace}/verify": {},
  "GET /connections/{provider}/authorize": {
    path: ({ workspace }) => `/connections/${cell}/authorize?workspace=${workspace}`,
  },
  "POST /context/search": { body: (world) => ({ ...named(world), query: "word" }) },
  "POST /knowledge/documents": {
    body: (world) => ({ ...named(world), path: "a.b", content: "Words." }),
  },
  "POST /knowledge/search": { body: (world) => ({ ...named(world), query: "word" }) },
  "POST /knowledge/move": {
    body: (world, asService) => ({ ...named(world), from: asService ? "a" : "b", to: "c.d" }),
  },
  "POST /leads/import": {
    path: ({ workspace }) => `/leads/import?workspace_id=${workspace}`,
    body: () => ({ leads: [] }),
  },
  "POST /memory": {
    body: (world, asService) => ({
      ...named(world),
      content: "I like tea.",
      ...(asService ? { user_id: world.member.id } : {}),
    }),
  },
  "POST /memory/search": {
    body: (world, asService) => ({
      ...named(world),
      ...(asService ? { user_id: world.member.id } : {}),
    }),
  },
  "PUT /presence": {
    body: (world, asService) => ({
      ...named(world),
      ...(asService ? { agent_id: world.agent } : {}),
    }),
  },
  "DELETE /presence": { path: ({ workspace }) => `/presence?workspace_id=${workspace}` },
  "PUT /presence/typing": {
    body: (world) => ({ ...named(world), conversation_id: world.workspace, is_typing: true }),
  },
  "GET /presence/{workspace}": {},
  "GET /presence/{workspace}/events": {},
  "GET /usage": { path: ({ workspace }) => `/usage?workspace=${workspace}` },
};

interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
  anyOf?: Schema[];
  oneOf?: Schema[];
}
const schemas = document.components.schemas as Record<string, Schema>;
const hasWorkspace = (schema: Schema = {}): boolean =>
  schema.$ref
    ? hasWorkspace(schemas[schema.$ref.split("/").at(-1)!])
    : "workspace_id" in (schema.properties ?? {}) ||
      [...schema.anyOf ?? [], ...schema.oneOf ?? []].some(hasWorkspace);

interface Operation {
  parameters?: { name?: string; $ref?: string }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  security?: Record<string, unknown>[];
}
const operations = Object.entries(document.paths as Record<string, Record<string, Operation>>)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    }))
  );
const ofService = new Set(
  operations.filter(({ operation }) => operation.security?.some((one) => "service" in one))
    .map(({ name }) => name),
);

Deno.test("the table has each route whose path, query or body names a workspace", () => {
  const naming = operations.filter(({ operation: { parameters = [], requestBody } }) =>
    parameters.some(({ name }) => name === "workspace" || name === "workspace_id") ||
    hasWorkspace(requestBody?.content["application/json"]?.schema)
  ).map(({ name }) => name).filter((name) => name !== "GET /access/v1/places/{workspace}");
  assertDeepEquals(Object.keys(table).sort(), naming.sort());
});

/** Asks by the secret key or as a person; a stream that is opened is left at once. */
async function put(name: string, world: World, as: World["member"] | "service") {
  const [method = "", form = ""] = name.split(" ");
  const { path, body } = table[name]!;
  const said = { as, body: body?.(world, as === "service") };
  const to = path?.(world) ?? form.replace("{workspace}", world.workspace);
  if (!to.endsWith("/events")) return await ask(method, to, said);
  const token = as === "service" ? environment.secretKeys.default! : as.token;
  const response = await fetch(`${environment.url}/functions/v1${to}`, {
    headers: as === "service" ? { apikey: token } : { authorization: `Bearer ${token}` },
  });
  if (response.ok) return await response.body!.cancel(), { status: 200, body: null };
  return { status: response.status, body: await response.json() };
}

for (const name of Object.keys(table)) {
  Deno.test(`${name}: who belongs to a workspace that left is sent on`, async () => {
    const people = [gone.owner, ...(ofService.has(name) ? ["service" as const] : [])];
    for (const as of people) {
      const told = await put(name, gone, as);
      assertEquals(told.body?.error?.code, "misdirected_workspace", JSON.stringify(told));
      assertEquals(told.status, 421);
      assertEquals(told.body.error.details.cell, cell);
      const allowed = await put(name, here, as === "service" ? as : here.owner);
      const code = allowed.body?.error?.code;
      assertEquals(code === "misdirected_workspace" || code === "not_found", false, `${code}`);
    }
    const stranger = await put(name, gone, here.owner);
    assertEquals(stranger.status, 404, JSON.stringify(stranger));
  });
}

Deno.test("what is named by its own id is sent on where its row or the request says the workspace", async () => {
  const header = { "x-workspace-id": gone.workspace };
  const session = { body: { node: "a" } };
  const asked: [string, string, Said, number][] = [
    ["GET", `/context/records/${things.gone.record}`, { as: "service" }, 421],
    ["GET", `/context/records/${things.gone.record}`, { as: gone.owner }, 404],
    ["GET", `/context/records/${things.gone.record}`, { as: gone.owner, headers: header }, 421],
    ["GET", `/context/records/${things.gone.record}`, { as: here.owner, headers: header }, 404],
    ["GET", `/context/records/${things.here.record}`, { as: "service" }, 200],
    ["GET", `/context/records/${things.here.record}`, { as: here.owner }, 200],
    ["GET", "/context/records/999999999999", { as: "service" }, 404],
    ["PUT", `/sessions/${things.gone.session}`, { as: "service", ...session }, 421],
    ["PUT", `/sessions/${things.gone.session}`, { as: gone.owner, ...session }, 421],
    ["PUT", `/sessions/${things.gone.session}`, { as: here.owner, ...session }, 404],
    ["PUT", `/sessions/${things.here.session}`, { as: here.owner, ...session }, 200],
    ["GET", `/usage?workspace=${crypto.randomUUID()}`, { as: "service" }, 404],
  ];
  for (const [method, path, said, status] of asked) {
    const told = await ask(method, path, said);
    assertEquals(told.status, status, `${method} ${path}: ${JSON.stringify(told.body)}`);
  }
});
