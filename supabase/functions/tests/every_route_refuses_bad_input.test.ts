/** One table: what is sent where, what is answered; and whatever was refused wrote nothing. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, type Said } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { agent, workspace, admin, member } = world;
const unknown = crypto.randomUUID();

type Row = [
  method: string,
  path: string,
  said: Said,
  status: number,
  code: string,
  message?: string,
];

const grant = `/agents/${agent}/access/${member.id}`;
const check = "/agents/access/check";
const asAdmin = (body: unknown): Said => ({ as: admin, body });
const asService = (body: unknown): Said => ({ as: "service", body });
const entry = { workspace_id: workspace, action: "report.exported" };
const room = { workspace_id: workspace };
const turns = `/sessions/${unknown}/turns`;
const turn = { request_id: "1" };
const message = { kind: "message", quantity: 1, unit: "message" };
const claimToken = crypto.randomUUID();
const held = { claim_token: claimToken, ids: [1] };
const fact = { ...room, content: "x" };
const text = { ...room, path: "a", content: "x" };
const json = { "content-type": "application/json" };

function bodies(method: string, path: string, as: Said["as"]): Row[] {
  return [
    [method, path, { as, headers: json }, 400, "invalid_json"],
    [method, path, { as, body: "{" }, 400, "invalid_json"],
    [method, path, { as, body: "[]" }, 400, "invalid_body", "body"],
    [method, path, { as, body: '"text"' }, 400, "invalid_body", "body"],
    [method, path, { as, body: { colour: 1 } }, 400, "invalid_body"],
    [
      method,
      path,
      { as, body: "a=1", headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    [method, path, { as, body: `"${"x".repeat(5_000_000)}"` }, 413, "body_too_large"],
  ];
}

const rows: Row[] = [
  ["GET", "/agents?limit=0", { as: admin }, 400, "invalid_parameter", "limit"],
  ["GET", "/agents?limit=x", { as: admin }, 400, "invalid_parameter", "limit"],
  ["GET", "/agents?cursor=x", { as: admin }, 400, "invalid_parameter", "cursor"],
  ["GET", "/agents?colour=1", { as: admin }, 400, "invalid_parameter", "colour"],
  [
    "GET",
    "/agents",
    { as: admin, headers: { "x-consistency": "strong" } },
    400,
    "invalid_parameter",
    "x-consistency",
  ],
  ["GET", "/agents/nothing/here/at/all", { as: admin }, 404, "unknown_route"],
  ["GET", `/agents/${agent}`, { as: admin }, 404, "unknown_route"],
  ["POST", "/agents", { as: admin }, 405, "method_not_allowed"],
  ["POST", `/agents/${agent}/access`, { as: admin }, 405, "method_not_allowed"],
  ["GET", "/agents/invalidate", { as: "service" }, 405, "method_not_allowed"],

  ["GET", "/agents/1/access", { as: admin }, 400, "invalid_parameter", "id"],
  ["GET", `/agents/${agent}/access?user=me`, { as: admin }, 400, "invalid_parameter", "user"],
  ["GET", `/agents/${unknown}/access`, { as: admin }, 404, "not_found"],
  ["GET", `/agents/${unknown}/access?user=${member.id}`, { as: admin }, 404, "not_found"],

  ...bodies("PUT", grant, admin),
  ["PUT", `/agents/1/access/${member.id}`, asAdmin({}), 400, "invalid_parameter", "id"],
  ["PUT", `/agents/${agent}/access/me`, asAdmin({}), 400, "invalid_parameter", "user"],
  ["PUT", grant, asAdmin({ can_use: "yes" }), 400, "invalid_body", "can_use"],
  ["PUT", grant, asAdmin({ expires_at: "tomorrow" }), 400, "invalid_body", "expires_at"],
  ["PUT", grant, asAdmin({ expires_at: "2099-01-01T00:00:00" }), 400, "invalid_body", "expires_at"],
  ["PUT", grant, asAdmin({ expires_at: "2001-01-01T00:00:00Z" }), 400, "invalid_expiry"],
  ["PUT", grant, asAdmin({ reason: "x".repeat(501) }), 400, "invalid_body", "reason"],
  ["PUT", grant, asAdmin({ reason: "\0" }), 400, "invalid_body", "body"],
  ["PUT", `/agents/${unknown}/access/${member.id}`, asAdmin({}), 404, "not_found"],
  ["PUT", `/agents/${agent}/access/${unknown}`, asAdmin({}), 409, "not_a_member"],
  ["PUT", `/agents/${agent}/access/${world.outsider.id}`, asAdmin({}), 409, "not_a_member"],
  ["DELETE", `/agents/x/access/${member.id}`, { as: admin }, 400, "invalid_parameter", "id"],
  ["DELETE", `/agents/${agent}/access/x`, { as: admin }, 400, "invalid_parameter", "user"],
  ["DELETE", `/agents/${unknown}/access/${member.id}`, { as: admin }, 404, "not_found"],
  ["PATCH", grant, { as: admin }, 405, "method_not_allowed"],

  ...bodies("POST", check, admin),
  ["POST", check, asAdmin({}), 400, "invalid_body", "pairs"],
  ["POST", check, asAdmin({ pairs: [] }), 400, "invalid_body", "pairs"],
  ["POST", check, asAdmin({ pairs: [{}] }), 400, "invalid_body", "pairs[0].agent_id"],
  ["POST", check, asAdmin({ pairs: [{ agent_id: 1 }] }), 400, "invalid_body", "pairs[0].agent_id"],
  [
    "POST",
    check,
    asAdmin({ pairs: [{ agent_id: agent }, { agent_id: agent, user_id: "me" }] }),
    400,
    "invalid_body",
    "pairs[1].user_id",
  ],
  [
    "POST",
    check,
    asAdmin({ pairs: [{ agent_id: agent, by: 1 }] }),
    400,
    "invalid_body",
    "pairs[0].by",
  ],
  [
    "POST",
    check,
    asAdmin({ pairs: Array.from({ length: 101 }, () => ({ agent_id: agent })) }),
    400,
    "invalid_body",
    "pairs",
  ],

  ...bodies("POST", "/publish-build-content", "service"),
  ["GET", "/publish-build-content", { as: "service" }, 405, "method_not_allowed"],
  ...bodies("POST", "/publish-social-content", "service"),
  ["GET", "/publish-social-content", { as: "service" }, 405, "method_not_allowed"],

  ["GET", "/files/remove-due", { as: "service" }, 405, "method_not_allowed"],
  ["POST", "/files/remove-due", { as: admin }, 401, "not_authenticated"],

  ...bodies("POST", "/agents/invalidate", "service"),
  [
    "POST",
    "/agents/invalidate",
    asService({ floors: { me: 1 } }),
    400,
    "invalid_body",
    "floors.me",
  ],
  [
    "POST",
    "/agents/invalidate",
    asService({ floors: { [unknown]: -1 } }),
    400,
    "invalid_body",
    `floors.${unknown}`,
  ],
  ["POST", "/agents/invalidate", asService({ agents: ["x"] }), 400, "invalid_body", "agents[0]"],

  ...bodies("POST", "/account/erase", admin),
  ["POST", "/account/erase", asAdmin({}), 400, "invalid_body", "confirm"],
  [
    "POST",
    "/account/erase",
    asAdmin({ confirm: "erase", workspace_id: "x" }),
    400,
    "invalid_body",
    "workspace_id",
  ],
  ["POST", "/account/erase", asAdmin({ confirm: "admin@elsewhere.example" }), 422, "not_confirmed"],
  [
    "POST",
    "/account/erase",
    asAdmin({ confirm: "erase", workspace_id: unknown }),
    404,
    "not_found",
  ],
  ["POST", "/account/erase", { as: world.owner, body: { confirm: "erase" } }, 409, "last_owner"],
  ["POST", "/account/erase", asService({ confirm: "erase" }), 401, "not_authenticated"],
  ["POST", "/account/export", { as: "nobody" }, 401, "not_authenticated"],
  ["GET", "/account/erasures/1", {}, 400, "invalid_parameter", "receipt"],
  ["GET", `/account/erasures/${unknown}`, {}, 404, "not_found"],
  ...bodies("POST", "/account/erasures/work", "service"),
  ["POST", "/account/erasures/work", asService({ batch: 0 }), 400, "invalid_body", "batch"],
  ["POST", "/account/erasures/work", asAdmin({}), 401, "not_authenticated"],

  ...bodies("POST", "/audit", admin),
  ...bodies("POST", "/audit", "service"),
  ["POST", "/audit", asAdmin({ action: "a.b" }), 400, "invalid_body", "workspace_id"],
  ["POST", "/audit", asAdmin({ ...entry, action: "Exported!" }), 400, "invalid_body", "action"],
  ["POST", "/audit", asAdmin({ ...entry, action: "word" }), 400, "invalid_body", "action"],
  ["POST", "/audit", asAdmin({ ...entry, subject_id: "1" }), 400, "invalid_body", "subject_type"],
  ["POST", "/audit", asAdmin({ ...entry, detail: [] }), 400, "invalid_body", "detail"],
  [
    "POST",
    "/audit",
    asAdmin({ ...entry, detail: { a: "x".repeat(16_400) } }),
    400,
    "invalid_body",
    "detail",
  ],
  ["POST", "/audit", asAdmin({ ...entry, request_id: "" }), 400, "invalid_body", "request_id"],
  ["POST", "/audit", asAdmin({ ...entry, actor_id: member.id }), 400, "invalid_body", "actor_id"],
  ["POST", "/audit", asAdmin({ entries: [] }), 400, "invalid_body", "entries"],
  [
    "POST",
    "/audit",
    asAdmin({ entries: [entry, { ...entry, action: 1 }] }),
    400,
    "invalid_body",
    "entries[1].action",
  ],
  [
    "POST",
    "/audit",
    asAdmin({ entries: Array.from({ length: 501 }, () => entry) }),
    400,
    "invalid_body",
    "entries",
  ],
  ["POST", "/audit", asAdmin({ ...entry, action: "permission.created" }), 403, "reserved_action"],
  ["POST", "/audit", asAdmin({ ...entry, workspace_id: unknown }), 404, "not_found"],
  [
    "POST",
    "/audit",
    asAdmin({ entries: [entry, { ...entry, workspace_id: unknown }] }),
    404,
    "not_found",
  ],
  ["POST", "/audit", asService({ ...entry, workspace_id: unknown }), 404, "not_found"],
  ["GET", "/audit/x/verify", { as: admin }, 400, "invalid_parameter", "workspace"],
  [
    "GET",
    `/audit/${workspace}/verify?anchor=x`,
    { as: admin },
    400,
    "invalid_parameter",
    "anchor",
  ],
  ["GET", `/audit/${unknown}/verify`, { as: admin }, 404, "not_found"],
  ["POST", `/audit/${workspace}/verify`, { as: admin }, 405, "method_not_allowed"],

  ...bodies("PUT", "/presence", admin),
  ["PUT", "/presence", asAdmin({}), 400, "invalid_body", "workspace_id"],
  ["PUT", "/presence", asAdmin({ ...room, status: "asleep" }), 400, "invalid_body", "status"],
  ["PUT", "/presence", asAdmin({ ...room, agent_id: 1 }), 400, "invalid_body", "agent_id"],
  ["PUT", "/presence", asAdmin({ ...room, metadata: [] }), 400, "invalid_body", "metadata"],
  [
    "PUT",
    "/presence",
    asAdmin({ ...room, metadata: { a: "é".repeat(510) } }),
    400,
    "invalid_body",
    "metadata",
  ],
  ["PUT", "/presence", asService(room), 400, "invalid_body", "agent_id"],
  ["PUT", "/presence", asAdmin({ ...room, agent_id: unknown }), 404, "not_found"],
  ["PUT", "/presence", asAdmin({ workspace_id: unknown }), 404, "not_found"],
  ["DELETE", "/presence", { as: admin }, 400, "invalid_parameter", "workspace_id"],
  ["DELETE", "/presence?workspace_id=x", { as: admin }, 400, "invalid_parameter", "workspace_id"],
  ["GET", "/presence/x", { as: admin }, 400, "invalid_parameter", "workspace"],
  ["GET", `/presence/${unknown}`, { as: admin }, 404, "not_found"],
  ["GET", "/presence/x/events", { as: admin }, 400, "invalid_parameter", "workspace"],
  [
    "GET",
    `/presence/${workspace}/events?conversation=a,b`,
    { as: admin },
    400,
    "invalid_parameter",
    "conversation[0]",
  ],
  ["GET", `/presence/${unknown}/events`, { as: admin }, 404, "not_found"],
  ...bodies("PUT", "/presence/typing", admin),
  ["PUT", "/presence/typing", asAdmin(room), 400, "invalid_body", "conversation_id"],

  ...bodies("POST", "/sessions", admin),
  ["POST", "/sessions", asAdmin({}), 400, "invalid_body", "agent_id"],
  ["POST", "/sessions", asAdmin({ agent_id: unknown }), 404, "not_found"],
  [
    "POST",
    "/sessions",
    asAdmin({ agent_id: agent, user_id: member.id }),
    400,
    "invalid_body",
    "user_id",
  ],
  ["POST", "/sessions", asService({ agent_id: agent }), 400, "invalid_body", "user_id"],
  ["POST", "/sessions", { as: member, body: { agent_id: agent } }, 403, "access_denied"],
  [
    "POST",
    "/sessions",
    asAdmin({ agent_id: agent, request_id: "x".repeat(201) }),
    400,
    "invalid_body",
    "request_id",
  ],
  ...bodies("PUT", `/sessions/${unknown}`, admin),
  ["PUT", "/sessions/x", asAdmin({ node: null }), 400, "invalid_parameter", "id"],
  ["PUT", `/sessions/${unknown}`, asAdmin({ node: 1 }), 400, "invalid_body", "node"],
  ["PUT", `/sessions/${unknown}`, asAdmin({ node: null }), 404, "not_found"],
  ["DELETE", "/sessions/x", { as: admin }, 400, "invalid_parameter", "id"],
  ["DELETE", `/sessions/${unknown}`, { as: admin }, 404, "not_found"],
  ["DELETE", `/sessions/${unknown}`, { as: "service" }, 404, "not_found"],
  ...bodies("POST", turns, admin),
  ["POST", turns, asAdmin({}), 400, "invalid_body", "request_id"],
  ["POST", turns, asAdmin({ ...turn, usage: {} }), 400, "invalid_body", "usage"],
  [
    "POST",
    turns,
    asAdmin({ ...turn, usage: [{ ...message, kind: "x" }] }),
    400,
    "invalid_body",
    "usage[0].kind",
  ],
  [
    "POST",
    turns,
    asAdmin({ ...turn, usage: [{ ...message, quantity: -1 }] }),
    400,
    "invalid_body",
    "usage[0].quantity",
  ],
  ["POST", turns, asAdmin({ ...turn, usage: [message, message] }), 400, "invalid_body", "usage"],
  [
    "POST",
    turns,
    asAdmin({ ...turn, usage: [{ ...message, amount_minor: 1 }] }),
    400,
    "invalid_body",
    "usage[0].amount_minor",
  ],
  [
    "POST",
    turns,
    asService({ ...turn, usage: [{ ...message, amount_minor: 1, currency: "euro" }] }),
    400,
    "invalid_body",
    "usage[0].currency",
  ],
  ["POST", turns, asAdmin({ ...turn, detail: 1 }), 400, "invalid_body", "detail"],
  ["POST", turns, asAdmin(turn), 404, "not_found"],
  ["GET", "/sessions/x/connect", { as: admin }, 400, "invalid_parameter", "id"],
  ["GET", `/sessions/${unknown}/connect`, { as: admin }, 404, "not_found"],
  ["GET", `/sessions/${unknown}/connect?token=x`, { as: admin }, 400, "invalid_parameter", "token"],

  ["GET", "/connections/mail/authorize", { as: admin }, 400, "invalid_parameter", "workspace"],
  [
    "GET",
    `/connections/mail/authorize?workspace=${workspace}&colour=1`,
    { as: admin },
    400,
    "invalid_parameter",
    "colour",
  ],
  [
    "GET",
    `/connections/mail/authorize?workspace=${workspace}&return_to=https://a.example`,
    { as: admin },
    400,
    "invalid_parameter",
    "return_to",
  ],
  ["GET", `/connections/Mail/authorize?workspace=${workspace}`, { as: admin }, 404, "not_found"],
  ["GET", "/connections/callback", {}, 400, "invalid_parameter", "state"],
  ["GET", `/connections/callback?state=${"x".repeat(201)}`, {}, 400, "invalid_parameter", "state"],
  ["GET", "/connections/callback?state=x&state=y", {}, 400, "invalid_parameter", "state"],
  ["GET", "/connections/callback?state=x&code=y", {}, 400, "state_invalid"],
  ...bodies("POST", "/connections/finish", admin),
  ["POST", "/connections/finish", asAdmin({}), 400, "invalid_body", "state"],
  ["POST", "/connections/finish", asAdmin({ state: "x", code: "y" }), 400, "state_invalid"],
  ["GET", "/connections/x/token?reason=x", { as: "service" }, 400, "invalid_parameter", "id"],
  ["GET", `/connections/${unknown}/token`, { as: "service" }, 400, "invalid_parameter", "reason"],
  [
    "GET",
    `/connections/${unknown}/token?reason=x&agent=y`,
    { as: "service" },
    400,
    "invalid_parameter",
    "agent",
  ],
  ["GET", `/connections/${unknown}/token?reason=x`, { as: "service" }, 404, "not_found"],
  ["POST", "/connections/x/refresh", { as: admin }, 400, "invalid_parameter", "id"],
  ["POST", `/connections/${unknown}/refresh`, { as: admin }, 404, "not_found"],
  ["DELETE", "/connections/x", { as: admin }, 400, "invalid_parameter", "id"],
  ["DELETE", `/connections/${unknown}`, { as: admin }, 404, "not_found"],
  ["GET", "/connections/refresh-due", { as: "service" }, 405, "method_not_allowed"],
  ...["enqueue", "claim", "heartbeat", "complete", "fail", "snooze", "cancel", "redrive"].flatMap(
    (verb): Row[] => [
      ...bodies("POST", `/work/unknown_queue/${verb}`, "service"),
      ["POST", `/work/unknown_queue/${verb}`, asAdmin({}), 401, "not_authenticated"],
      ["POST", `/work/Unknown/${verb}`, asService({}), 400, "invalid_parameter", "queue"],
      ["GET", `/work/unknown_queue/${verb}`, { as: "service" }, 405, "method_not_allowed"],
    ],
  ),
  ["POST", "/work/unknown_queue/pause", asService({}), 404, "unknown_route"],
  ...([
    ["enqueue", { items: [{ workspace_id: workspace }] }],
    ["claim", { worker: "w" }],
    ["heartbeat", held],
    ["complete", held],
    ["fail", { ...held, error: "boom" }],
    ["snooze", { ...held, until: "2030-01-01T00:00:00Z" }],
    ["cancel", { ids: [1] }],
    ["redrive", {}],
  ] as const).map(([verb, body]): Row => [
    "POST",
    `/work/unknown_queue/${verb}`,
    asService(body),
    404,
    "unknown_queue",
  ]),
  ...([
    ["enqueue", {}, "items"],
    ["enqueue", { items: [] }, "items"],
    ["enqueue", { items: [1] }, "items[0]"],
    ["enqueue", { items: Array.from({ length: 1001 }, () => ({})) }, "items"],
    ["claim", {}, "worker"],
    ["claim", { worker: "" }, "worker"],
    ["claim", { worker: "x".repeat(201) }, "worker"],
    ["claim", { worker: "w", batch: 0 }, "batch"],
    ["claim", { worker: "w", batch: 1001 }, "batch"],
    ["claim", { worker: "w", batch: 1.5 }, "batch"],
    ["claim", { worker: "w", lease: 0.5 }, "lease"],
    ["claim", { worker: "w", lease: 86_401 }, "lease"],
    ["claim", { worker: "w", lease: "1 minute" }, "lease"],
    ["heartbeat", { ids: [1] }, "claim_token"],
    ["heartbeat", { claim_token: "x", ids: [1] }, "claim_token"],
    ["heartbeat", { claim_token: claimToken }, "ids"],
    ["heartbeat", { ...held, ids: [] }, "ids"],
    ["heartbeat", { ...held, ids: [0] }, "ids[0]"],
    ["heartbeat", { ...held, ids: [1, "2"] }, "ids[1]"],
    ["heartbeat", { ...held, ids: Array.from({ length: 1001 }, (_, n) => n + 1) }, "ids"],
    ["heartbeat", { ...held, lease: 0 }, "lease"],
    ["complete", { ...held, outcome: 1 }, "outcome"],
    ["complete", { ...held, outcome: [] }, "outcome"],
    ["fail", held, "error"],
    ["fail", { ...held, error: "" }, "error"],
    ["fail", { ...held, error: "boom", retry_in: -1 }, "retry_in"],
    ["fail", { ...held, error: "boom", retry: "no" }, "retry"],
    ["snooze", held, "until"],
    ["snooze", { ...held, until: "tomorrow" }, "until"],
    ["cancel", {}, "ids"],
    ["redrive", { most: 0 }, "most"],
    ["redrive", { ids: [-1] }, "ids[0]"],
  ] as const).map(([verb, body, field]): Row => [
    "POST",
    `/work/unknown_queue/${verb}`,
    asService(body),
    400,
    "invalid_body",
    field,
  ]),
  ...bodies("POST", "/memory", admin),
  ["POST", "/memory", asAdmin({ content: "x" }), 400, "invalid_body", "workspace_id"],
  ["POST", "/memory", asAdmin({ ...room, content: " " }), 400, "invalid_body", "content"],
  [
    "POST",
    "/memory",
    asAdmin({ ...room, content: "x".repeat(4001) }),
    400,
    "invalid_body",
    "content",
  ],
  ["POST", "/memory", asAdmin({ ...fact, category: "x" }), 400, "invalid_body", "category"],
  ["POST", "/memory", asAdmin({ ...fact, confidence: 2 }), 400, "invalid_body", "confidence"],
  ["POST", "/memory", asAdmin({ ...fact, supersedes: "x" }), 400, "invalid_body", "supersedes"],
  ["POST", "/memory", asAdmin({ ...fact, user_id: member.id }), 400, "invalid_body", "user_id"],
  ["POST", "/memory", asService(fact), 400, "invalid_body", "user_id"],
  ["POST", "/memory", asAdmin({ ...fact, supersedes: unknown }), 404, "not_found"],
  ["POST", "/memory", asAdmin({ ...fact, workspace_id: unknown }), 404, "not_found"],
  ["POST", "/memory", asAdmin({ ...fact, source_kind: "recalled" }), 422, "memory_feedback"],
  ...bodies("POST", "/memory/search", admin),
  ["POST", "/memory/search", asAdmin({ ...room, limit: 101 }), 400, "invalid_body", "limit"],
  ["POST", "/memory/search", asAdmin({ ...room, query: "" }), 400, "invalid_body", "query"],
  ["POST", "/memory/search", asService(room), 400, "invalid_body", "user_id"],
  ["POST", "/memory/search", asAdmin({ workspace_id: unknown }), 404, "not_found"],
  ["DELETE", "/memory/x", { as: admin }, 400, "invalid_parameter", "id"],
  ["DELETE", `/memory/${unknown}`, { as: admin }, 404, "not_found"],
  ["DELETE", `/memory/${unknown}`, { as: "service" }, 404, "not_found"],
  ["GET", "/memory", { as: admin }, 405, "method_not_allowed"],

  ...bodies("POST", "/knowledge/documents", admin),
  ["POST", "/knowledge/documents", asAdmin({ ...room, path: "a" }), 400, "invalid_body", "content"],
  [
    "POST",
    "/knowledge/documents",
    asAdmin({ ...text, file: { bucket: "b", name: "n" } }),
    400,
    "invalid_body",
    "content",
  ],
  [
    "POST",
    "/knowledge/documents",
    asAdmin({ ...room, path: "a", file: { bucket: "attachments", name: "../x" } }),
    400,
    "invalid_body",
    "file.name",
  ],
  ["POST", "/knowledge/documents", asAdmin({ ...text, path: "a b" }), 400, "invalid_body", "path"],
  ["POST", "/knowledge/documents", asAdmin({ ...text, tags: [1] }), 400, "invalid_body", "tags[0]"],
  [
    "POST",
    "/knowledge/documents",
    asAdmin({ ...text, workspace_id: unknown }),
    404,
    "not_found",
  ],
  ["POST", "/knowledge/documents", { as: world.guest, body: text }, 403, "forbidden"],
  [
    "POST",
    "/knowledge/documents",
    asAdmin({ ...room, path: "a", file: { bucket: "attachments", name: "none.md" } }),
    404,
    "not_found",
  ],
  ...bodies("POST", "/knowledge/search", admin),
  ["POST", "/knowledge/search", asAdmin(room), 400, "invalid_body", "query"],
  [
    "POST",
    "/knowledge/search",
    asAdmin({ ...room, query: "x", within: "a..b" }),
    400,
    "invalid_body",
    "within",
  ],
  [
    "POST",
    "/knowledge/search",
    asAdmin({ query: "x", workspace_id: unknown }),
    404,
    "not_found",
  ],
  ...bodies("POST", "/knowledge/move", admin),
  ["POST", "/knowledge/move", asAdmin({ ...room, from: "a" }), 400, "invalid_body", "to"],
  ["POST", "/knowledge/move", asAdmin({ ...room, from: "a", to: "a.b" }), 422, "invalid_path"],
  ["POST", "/knowledge/move", asAdmin({ ...room, from: "a", to: "b" }), 404, "not_found"],

  ...bodies("POST", "/embed", "service"),
  ["POST", "/embed", asService({ batch: 0 }), 400, "invalid_body", "batch"],
  ["GET", "/embed", { as: "service" }, 405, "method_not_allowed"],

  ["POST", "/health", {}, 405, "method_not_allowed"],
  ["GET", "/health/more", {}, 404, "unknown_route"],
];

async function count() {
  const [row] = await sql`
    select
      (select count(*) from public.audit_log where workspace_id = ${workspace}) as audit,
      (select count(*) from public.permissions where workspace_id = ${workspace}) as permissions,
      (select count(*) from public.memories where workspace_id = ${workspace}) as memories,
      (select count(*) from public.documents where workspace_id = ${workspace}) as documents,
      (select coalesce(sum(revision), 0)::bigint from private.permission_revisions
        where user_id in (select user_id from public.members where workspace_id = ${workspace})) as revisions`;
  return row;
}

/** Many admins, of whom each asks a few: nobody is stopped for asking too often. */
const admins = await Promise.all(Array.from({ length: 12 }, () => world.addPerson("admin")));
const shared = (said: Said, row: number): Said =>
  said.as === admin ? { ...said, as: admins[row % admins.length] } : said;

Deno.test("every bad input is answered with its code, and writes nothing", async (test) => {
  const before = await count();
  for (const [row, [method, path, said, status, code, message]] of rows.entries()) {
    const shown = typeof said.body === "string" ? said.body : JSON.stringify(said.body) ?? "";
    await test.step(
      `${method} ${path} ${shown.slice(0, 80)} → ${status} ${code} ${message ?? ""}`,
      async () => {
        const answered = await ask(method, path, shared(said, row));
        const told = JSON.stringify(answered.body);
        assertEquals(answered.status, status, told);
        assertEquals(answered.body.error.code, code, told);
        if (message) assert(answered.body.error.message.startsWith(`${message}: `), told);
        assert(answered.headers.get("x-request-id"), "an error names its request");
      },
    );
  }
  assertDeepEquals(await count(), before);
  await sql.end();
});
