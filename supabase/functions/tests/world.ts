/**
 * What the tests stand on: the running stack that the environment names, people in a workspace of
 * their own for each test, and tokens, good and bad.
 */
import postgres from "postgres";
import { type Environment, parseEnvironment } from "../_shared/environment.ts";
import type { App } from "../_shared/http/app.ts";
import { serve } from "../_shared/http/app.ts";
import { closeServices, createServices, type Services } from "../_shared/services.ts";
import { assertDocumented } from "./documented-answers.ts";

/** The stack's own variables, as the functions see them. */
export const environment: Environment = parseEnvironment();

const functions = `${environment.url}/functions/v1`;
const plainFetch = globalThis.fetch;
/** What a test asks of the functions is held to docs/openapi.json, through supabase-js or another client too. */
globalThis.fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  if (!url.startsWith(`${functions}/`)) return await plainFetch(input, init);
  const path = url.slice(functions.length);
  const method = init?.method ?? (input instanceof Request ? input.method : "GET");
  // Of MCP it is the body that says what was asked.
  const given = path.startsWith("/mcp")
    ? init?.body ?? (input instanceof Request ? await input.clone().text() : undefined)
    : undefined;
  const asked = typeof given === "string" && given !== "" ? given : undefined;
  return await assertDocumented(method, path, await plainFetch(input, init), asked);
};

/** As the project's own database role. */
export function connect(): postgres.Sql<{ bigint: number }> {
  return postgres(Deno.env.get("SUPABASE_DB_URL") ?? environment.databaseUrl, {
    max: 4,
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  });
}

function encode(part: unknown): string {
  const bytes = part instanceof Uint8Array ? part : new TextEncoder().encode(JSON.stringify(part));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The private key of the stack under test; a hosted project's stays with its Auth. */
const signingKey = JSON.parse(Deno.env.get("GROUNDWORK_TEST_SIGNING_KEY") ?? "null");
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A token as Auth would give it, with whatever a test wants to be otherwise. */
export async function mintToken(
  user: string,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key: JsonWebKey = signingKey,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const head = { alg: "ES256", typ: "JWT", kid: signingKey.kid, ...header };
  const content = {
    iss: `${environment.url}/auth/v1`,
    sub: user,
    role: "authenticated",
    aud: "authenticated",
    iat: now,
    exp: now + 600,
    ...claims,
  };
  const signed = `${encode(head)}.${encode(content)}`;
  const signer = await crypto.subtle.importKey("jwk", key, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign(algorithm, signer, new TextEncoder().encode(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

/** A private key that no Auth of ours has. */
export async function makeForeignKey(): Promise<JsonWebKey> {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign"]);
  return await crypto.subtle.exportKey("jwk", privateKey);
}

/** Someone with a token. */
export interface Someone {
  id: string;
  token: string;
}

type Role = "owner" | "admin" | "member" | "guest";

/** A workspace, somebody in each role, somebody outside, and an agent. */
export interface World extends Record<Role | "outsider", Someone> {
  workspace: string;
  namespace: string;
  agent: string;
  addAgent(changes?: Record<string, string>): Promise<string>;
  addPerson(role?: Role): Promise<Someone>;
}

/** Makes a world of its own, so that tests do not meet each other. */
export async function createWorld(sql: postgres.Sql<{ bigint: number }>): Promise<World> {
  const workspace = crypto.randomUUID();
  const namespace = `ws-${workspace.slice(0, 8)}`;

  async function addPerson(role?: Role): Promise<Someone> {
    const id = crypto.randomUUID();
    await sql`
      insert into auth.users (id, email, confirmation_sent_at, email_confirmed_at)
      values (${id}, ${`${id}@test.example`}, now(), now())`;
    if (role) {
      await sql`
        insert into public.members (workspace_id, user_id, role) values (${workspace}, ${id}, ${role})`;
    }
    return { id, token: await mintToken(id) };
  }

  async function addAgent(changes: Record<string, string> = {}): Promise<string> {
    const agent = {
      id: crypto.randomUUID(),
      workspace_id: workspace,
      slug: `agent-${crypto.randomUUID().slice(0, 8)}`,
      name: "An agent",
      endpoint_url: `http://agent.${namespace}.svc.cluster.local/`,
      status: "published",
      ...changes,
    };
    await sql`insert into public.agents ${sql(agent)}`;
    return agent.id;
  }

  await sql`
    insert into public.workspaces (id, name, slug, k8s_namespace)
    values (${workspace}, 'Test', ${`test-${workspace.slice(0, 8)}`}, ${namespace})`;
  return {
    workspace,
    namespace,
    owner: await addPerson("owner"),
    admin: await addPerson("admin"),
    member: await addPerson("member"),
    guest: await addPerson("guest"),
    outsider: await addPerson(),
    agent: await addAgent(),
    addAgent,
    addPerson,
  };
}

/** What a request may say besides its method and path. */
export interface Said {
  as?: Someone | "service" | "nobody";
  body?: unknown;
  headers?: Record<string, string>;
}

/** An answer whose JSON has been read. */
export interface Answered {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into bodies of every shape
  body: any;
}

function makeRequest(method: string, path: string, said: Said): Request {
  const headers = new Headers(said.headers);
  if (said.as === "service") headers.set("apikey", environment.secretKeys.default ?? "");
  else if (typeof said.as === "object") headers.set("authorization", `Bearer ${said.as.token}`);
  if (said.body !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  const body = said.body === undefined
    ? undefined
    : typeof said.body === "string"
    ? said.body
    : JSON.stringify(said.body);
  return new Request(`${environment.url}${path}`, { method, headers, body });
}

async function readAnswer(response: Response): Promise<Answered> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text ? JSON.parse(text) : null,
  };
}

/** Asks the running stack over HTTP: `ask("GET", "/agents", { as: world.member })`. */
export async function ask(method: string, path: string, said: Said = {}): Promise<Answered> {
  return await readAnswer(await fetch(makeRequest(method, `/functions/v1${path}`, said)));
}

/** An isolate of the test's own, whose environment and failures it decides. */
export interface Isolate extends AsyncDisposable {
  services: Services;
  ask(app: App, method: string, path: string, said?: Said): Promise<Answered>;
}

/**
 * Connections of an isolate of a test's own: one for each of as many as ask at once in any test. Who finds none free
 * for half a second is answered 503, which a busy machine would do to whoever waits; a test that is about that says how
 * many.
 */
const enough = 32;

/**
 * Starts one. Two of them are what two isolates of the platform are to each other.
 *
 * @param isDocumented whether its answers are held to docs/openapi.json
 */
export function startIsolate(
  changes: Partial<Environment> = {},
  isDocumented = true,
): Isolate {
  const services = createServices({ ...environment, poolSize: enough, ...changes });
  return {
    services,
    async ask(app, method, path, said = {}) {
      const response = await serve(app, () => services).fetch(makeRequest(method, path, said));
      return await readAnswer(
        isDocumented ? await assertDocumented(method, path, response) : response,
      );
    },
    [Symbol.asyncDispose]: () => closeServices(services),
  };
}
