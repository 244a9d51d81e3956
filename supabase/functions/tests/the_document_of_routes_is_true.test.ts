/**
 * `docs/openapi.json` against the functions that run: each route of it is called without a credential, and with one and
 * bad input; what it does not have is no method of any of its paths.
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app as callWebhook } from "../call-webhook/index.ts";
import {
  document,
  faultOf,
  faultOfEvent,
  faultOfResult,
  type Operation,
  operationFor,
  responseOf,
} from "./documented-answers.ts";
import { type Answered, ask, connect, createWorld, type Said, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
Deno.test.afterAll(() => sql.end());

const page = await Deno.readTextFile(new URL("../../../docs/errors.md", import.meta.url));
/** The registered codes, and by what each is raised. */
const registered = new Map(
  [...page.matchAll(/^\| `([a-z_]+)` +\|[^|]+\|([^|]+)\|/gm)].map((
    [, code = "", by = ""],
  ) => [code, by]),
);

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    operation,
  }))
);
type Case = (typeof operations)[number];

/** The path of nothing that there is. */
const fill = ({ path, operation }: Case): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const isUuid = operation.parameters.some((one) =>
      one.name === name && one.in === "path" && one.schema.format === "uuid"
    );
    return isUuid ? crypto.randomUUID() : "unknown";
  });

/** A query in which the parameters that are needed are there, as far as ids and words go. */
function queryOf({ operation }: Case, also: Record<string, string> = {}): string {
  const needed = operation.parameters.filter((one) => one.in === "query" && one.required);
  const given = needed.map(({ name, schema }) => [
    name,
    schema.format === "uuid" ? crypto.randomUUID() : "unknown",
  ]);
  const query = new URLSearchParams({ ...Object.fromEntries(given), ...also }).toString();
  return query === "" ? "" : `?${query}`;
}

const bodyOf = ({ operation }: Case) => operation.requestBody?.content["application/json"]?.schema;
const canBe = ({ operation }: Case, scheme: string) =>
  operation.security.some((one) => scheme in one);
const isOpen = ({ operation }: Case) =>
  operation.security.some((one) => Object.keys(one).length === 0);

// Several, so that nobody asks too often.
const admins = [world.admin, await world.addPerson("admin"), await world.addPerson("admin")];
let asked = 0;
/** Somebody who may call it, without the rights that only its objects would give. */
function callerOf(one: Case): Said["as"] {
  if (canBe(one, "person")) return admins[asked++ % admins.length];
  return canBe(one, "service") ? "service" : "nobody";
}

/** Calls the functions that run. Reports of calls are taken where the secret is that they are signed with. */
async function call(one: Case, path: string, said: Said): Promise<Answered> {
  if (one.operation.operationId !== "receiveReport") return await ask(one.method, path, said);
  await using isolate = startIsolate({ voiceWebhookSecret: "a secret of the test's own" });
  return await isolate.ask(callWebhook, one.method, path, said);
}

/** OAuth's errors are words beside ours (`POST /agents/token`), as MCP's are numbers. */
function codeOf(body: { error?: unknown } | null): unknown {
  const { error } = body ?? {};
  return typeof error === "object" && error !== null ? (error as { code?: unknown }).code : error;
}

/** Refused, by a code that is known, with a status that the document has or the database chose. */
function assertRefused(
  { operation }: Case,
  { status, body }: { status: number; body: { error?: unknown } | null },
): void {
  const told = `${operation.operationId}: ${status} ${JSON.stringify(body)}`;
  const code = codeOf(body);
  assert(status >= 400 && status < 500 && status !== 405, told);
  assert(code !== "unknown_route", told);
  if (typeof code !== "string") return; // JSON-RPC's
  const isNamed = responseOf(operation, status).description?.includes(`\`${code}\``);
  assert(isNamed || registered.get(code)?.includes("database"), told);
}

Deno.test("a route that is not open refuses whoever has no credential with 401", async () => {
  for (const one of operations.filter((each) => !isOpen(each))) {
    const isJson = bodyOf(one) !== undefined;
    const answered = await call(one, fill(one) + queryOf(one), {
      as: "nobody",
      ...(isJson ? { body: {} } : {}),
    });
    assertEquals(
      answered.status,
      401,
      `${one.operation.operationId}: ${JSON.stringify(answered.body)}`,
    );
    assertRefused(one, answered);
  }
});

Deno.test("a body that lacks a required field is refused by that field's name", async () => {
  // A signed body is judged by its signature first.
  const cases = operations.filter((one) =>
    (bodyOf(one)?.required ?? []).length > 0 && !canBe(one, "signature")
  );
  assert(cases.length > 20, "there are such routes");
  for (const one of cases) {
    const answered = await call(one, fill(one) + queryOf(one), {
      as: callerOf(one),
      body: {},
    });
    assertRefused(one, answered);
    if (answered.body.error.code !== "invalid_body") {
      // The path or the query came first: what they name is not there.
      assert(answered.status === 404 || answered.status === 403, JSON.stringify(answered.body));
      continue;
    }
    const [name = ""] = String(answered.body.error.message).split(/[.:[]/);
    assert(bodyOf(one)?.required?.includes(name), `${one.operation.operationId}: ${name}`);
  }
});

Deno.test("a closed body refuses a field that the document does not have", async () => {
  const closed = operations.filter((one) => bodyOf(one)?.additionalProperties === false);
  assert(closed.length > 20, "there are such routes");
  for (const one of closed) {
    const answered = await call(one, fill(one) + queryOf(one), {
      as: callerOf(one),
      body: { colour_of_the_sky: "blue" },
    });
    assertRefused(one, answered);
  }
});

Deno.test("a query refuses a parameter that the document does not have", async () => {
  const queried = operations.filter(({ operation }) =>
    operation.parameters.some((one) => one.in === "query")
  );
  assert(queried.length > 10, "there are such routes");
  for (const one of queried) {
    const path = fill(one) + queryOf(one, { colour_of_the_sky: "blue" });
    const answered = await call(one, path, { as: callerOf(one) });
    assertRefused(one, answered);
  }
});

Deno.test("the paths take the document's methods, and no others", async () => {
  const every = ["GET", "POST", "PUT", "DELETE"];
  for (const [path, methods] of Object.entries(document.paths)) {
    const known = Object.keys(methods).map((method) => method.toUpperCase());
    const [operation] = Object.values(methods);
    if (!operation || path === "/mcp") continue; // MCP takes any, and says which it serves
    const other = every.find((method) => !known.includes(method));
    if (!other) continue;
    const one = { path, method: other, operation };
    const answered = await ask(other, fill(one), { as: "service" });
    // Another pattern of the same function may have that method for such a path.
    if (answered.status !== 405) {
      assert(patternsOf(other, fill(one)) > 0, `${other} ${path}: ${JSON.stringify(answered)}`);
      continue;
    }
    const allowed = answered.headers.get("allow")?.split(", ") ?? [];
    const told = every.filter((method) => patternsOf(method, fill(one)) > 0);
    assertDeepEquals(allowed, told, path);
  }
});

/** How many operations have this method for this path. */
function patternsOf(method: string, asked: string): number {
  return operations.filter((one) =>
    one.method === method &&
    new RegExp(`^${one.path.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(
      asked,
    )
  ).length;
}

Deno.test("every refusal that the document names is registered", () => {
  const named = Object.keys(document.components.responses).filter((name) => name !== "database");
  assert(named.length > 0, "there are such refusals");
  for (const name of named) {
    for (const code of name.split(".").slice(1)) assert(registered.has(code), code);
  }
});

/** What the document says against an answer of a route. */
function judge(
  method: string,
  path: string,
  status: number,
  body: unknown,
  type = "application/json",
) {
  const operation = operationFor(method, path) as Operation;
  const text = body === null ? "" : JSON.stringify(body);
  return faultOf(operation, { status, headers: new Headers({ "content-type": type }), text });
}

Deno.test("an answer that the document does not describe is found", () => {
  const path = "/work/dial_queue/heartbeat";
  const right = { lease_expires_at: "2026-01-31T12:00:00.000Z" };
  assertEquals(judge("POST", path, 200, right), null);
  const wrong: [string, number, unknown, string?][] = [
    ["received undefined\n  → at lease_expires_at", 200, {}],
    ['Unrecognized key: "more"', 200, { ...right, more: 1 }],
    ["must match pattern", 200, { lease_expires_at: "tomorrow" }],
    ["received null\n  → at lease_expires_at", 200, { lease_expires_at: null }],
    ["expected object, received array", 200, [right]],
    ["no such status", 202, right],
    ["has no text/html", 200, right, "text/html"],
    ["received undefined\n  → at error", 409, { code: "lease_lost" }],
  ];
  for (const [why, status, body, type] of wrong) {
    const fault = judge("POST", path, status, body, type);
    assert(fault?.includes(why), `${why}: ${fault}`);
  }
});

Deno.test("an event that the document does not describe is found", () => {
  const { responses } = operationFor("GET", `/streams/${crypto.randomUUID()}`) as Operation;
  const items = responses[200]?.content?.["text/event-stream"]?.itemSchema ?? {};
  const end = (data: unknown) => ({ event: "end", data: JSON.stringify(data) });
  const right = { status: "finished", message_id: crypto.randomUUID(), error: null };
  assertEquals(faultOfEvent(items, end(right)), null);
  assertEquals(faultOfEvent(items, end({ status: "renew" })), null);
  assertEquals(faultOfEvent(items, { id: "0", data: "a piece" }), null);
  const wrong: [string, Parameters<typeof faultOfEvent>[1]][] = [
    ['Unrecognized key: "more"', end({ ...right, more: 1 })],
    ["Invalid input", end({ status: "finished" })],
    ["SyntaxError", { event: "end", data: "finished" }],
    ["must match pattern", { id: "first", data: "a piece" }],
    ["no event without a name", { data: "a piece without a number" }],
    ["no event begin", { event: "begin", data: "{}" }],
  ];
  for (const [why, event] of wrong) {
    const fault = faultOfEvent(items, event);
    assert(fault?.includes(why), `${why}: ${fault}`);
  }
});

Deno.test("a tool's result that the document does not describe is found", () => {
  const mcp = operationFor("POST", "/mcp") as Operation;
  const judged = (structuredContent: unknown, isError = false) =>
    faultOfResult(
      mcp,
      "forget",
      JSON.stringify({ result: { structuredContent, isError } }),
      () => {},
    );
  assertEquals(judged({ forgotten: 1 }), null);
  assertEquals(judged(undefined, true), null);
  for (const wrong of [undefined, {}, { forgotten: "1" }, { forgotten: 1, more: 1 }]) {
    assert(judged(wrong)?.startsWith("the result of forget: "), JSON.stringify(wrong));
  }
});

Deno.test("an inner object is judged as the outer one is, and so is one that has a name", () => {
  const session = {
    ...Object.fromEntries(
      ["session_id", "user_id", "agent_id", "workspace_id"].map((
        name,
      ) => [name, crypto.randomUUID()]),
    ),
    node: null,
    opened_at: "2026-01-31T12:00:00Z",
    last_seen_at: "2026-01-31T12:00:00+00:00",
  };
  assertEquals(judge("GET", "/sessions", 200, { sessions: [session] }), null);
  const fault = judge("GET", "/sessions", 200, { sessions: [session, { ...session, more: 1 }] });
  assert(fault?.includes('Unrecognized key: "more"\n  → at sessions[1]'), String(fault));
});

Deno.test("each route has an answer that is no error, and no path leads to two routes", () => {
  for (const { path, method, operation } of operations) {
    const statuses = Object.keys(operation.responses).filter((status) => Number(status) < 400);
    assert(statuses.length > 0, operation.operationId);
    const found = operationFor(method, fill({ path, method, operation }));
    assertEquals(found?.operationId, operation.operationId);
  }
});
