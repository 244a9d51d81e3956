import { asAdmin, asService, bodies, refuses, type Row, world } from "./bad-input.ts";

const { workspace } = world;
const claimToken = crypto.randomUUID();
const held = { claim_token: claimToken, ids: [1] };

refuses([
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
    ["fail", { ...held, error: 1 }, "error"],
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

  ...bodies("POST", "/publish-build-content", "service"),
  ["GET", "/publish-build-content", { as: "service" }, 405, "method_not_allowed"],
  ...bodies("POST", "/publish-social-content", "service"),
  ["GET", "/publish-social-content", { as: "service" }, 405, "method_not_allowed"],

  ["GET", "/files/remove-due", { as: "service" }, 405, "method_not_allowed"],
  ["POST", "/files/remove-due", { as: world.admin }, 401, "not_authenticated"],
]);
