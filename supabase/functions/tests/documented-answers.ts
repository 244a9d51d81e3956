/**
 * Holds the answers that tests get to `docs/openapi.json`. An answer that the document does not describe fails the test
 * that got it: a field that is missing or not described, a wrong type, a status or media type that is not there. So do
 * an event of a stream, when its reader gets to it, and the result of a tool of MCP.
 */
import { z } from "zod";
import { showEvents, type ShownEvent } from "./shown-events.ts";

/** A schema of the document. */
export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  anyOf?: Schema[];
  const?: unknown;
  contentSchema?: Schema;
  format?: string;
  default?: unknown;
  pattern?: string;
}
/** A WebSocket of the document. */
export interface SocketOfDocument {
  subprotocols: Record<string, unknown>;
  clientMessages: { type: string; maxBytes?: number }[];
  serverMessages: { type: string; subprotocol?: string; schema?: Schema }[];
  closeCodes: Record<string, { reason?: Schema }>;
}
interface Response {
  $ref?: string;
  description?: string;
  content?: Record<string, { schema: Schema; itemSchema?: Schema }>;
}
/** A route of the document. */
export interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
  "x-mcp-tools"?: Record<string, { output: Schema }>;
  "x-websocket"?: SocketOfDocument;
}

/** The document. */
export const document: {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Response>; schemas: Record<string, Schema> };
} = JSON.parse(
  await Deno.readTextFile(new URL("../../../docs/openapi.json", import.meta.url)),
);

/** What the document says of an answer with this status. */
export function responseOf({ responses }: Operation, status: number): Response {
  const said = responses[status] ?? (status >= 400 ? responses.default : undefined) ?? {};
  const name = said.$ref?.split("/").at(-1);
  return name === undefined ? said : document.components.responses[name] ?? {};
}

const routes = Object.entries(document.paths).map(([path, methods]) => ({
  methods,
  isLike: new RegExp(
    `^${path.replaceAll(".", "\\.").replace(/\{path\}$/, ".+").replaceAll(/\{\w+\}/g, "[^/]+")}$`,
  ),
  holes: path.split("{").length,
})).sort((one, other) => one.holes - other.holes);

/** The route that a request is for; undefined where the document has none. */
export function operationFor(method: string, path: string): Operation | undefined {
  const [bare = ""] = path.split("?");
  const verb = method.toLowerCase();
  return routes.find(({ methods, isLike }) => verb in methods && isLike.test(bare))
    ?.methods[verb];
}

/** As JSON Schema's own formats are: zod takes a UUID of a known version only, and no time with an offset. */
const patterns: Record<string, string> = {
  "uuid": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
  "date-time": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$",
  "uri": "^[a-z][a-z0-9+.-]*:\\S+$",
};

/** The schema as tests read it: an object has only the fields that are described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner: Record<string, unknown> = {};
  for (const [word, value] of Object.entries(schema)) inner[word] = closed(value);
  if (typeof inner.format === "string" && inner.format in patterns) {
    inner.pattern = patterns[inner.format];
    delete inner.format;
  }
  if (typeof inner.$ref === "string") inner.$ref = inner.$ref.replace(/^.*\//, "#/$defs/");
  if ("properties" in inner) inner.additionalProperties ??= false;
  return inner;
}

const validators = new Map<Schema, z.ZodType>();
let named: Record<string, unknown> | undefined;

function validatorOf(schema: Schema): z.ZodType {
  let validate = validators.get(schema);
  if (!validate) {
    named ??= closed(document.components.schemas) as Record<string, unknown>;
    const own = closed(schema) as Parameters<typeof z.fromJSONSchema>[0];
    validate = z.fromJSONSchema({ ...own as object, $defs: named } as typeof own);
    validators.set(schema, validate);
  }
  return validate;
}

/** An answer of a route, read. */
interface Got {
  status: number;
  headers: Headers;
  /** Null: it was not read. */
  text: string | null;
}

/** What is wrong with an answer by the document; null: nothing. */
export function faultOf(operation: Operation, { status, headers, text }: Got): string | null {
  const said = responseOf(operation, status);
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  if (said.content === undefined) {
    if (said.description === undefined) return "the document has no such status";
    return !text ? null : "the document says that the body is empty";
  }
  const content = said.content[type] ?? said.content["*/*"];
  if (!content) return `the document has no ${type}`;
  if (text === null || "*/*" in said.content) return null;
  return judge(content.schema, JSON.parse(text));
}

/** What is wrong with a value. */
function judge(schema: Schema, value: unknown): string | null {
  const { error } = validatorOf(schema).safeParse(value);
  return error ? z.prettifyError(error) : null;
}

/** What is wrong with an event of a stream. */
export function faultOfEvent(items: Schema, { id, event, data }: ShownEvent): string | null {
  const alike = (items.anyOf ?? []).filter(({ properties }) =>
    properties?.event?.const === event && (properties?.id === undefined) === (id === undefined)
  );
  const faults = alike.map(({ properties: { id: number, data: said } = {} }) => {
    const fault = number ? judge(number, id) : null;
    if (fault !== null || said?.contentSchema === undefined) {
      return fault ?? judge(said ?? {}, data);
    }
    try {
      return judge(said.contentSchema, JSON.parse(data));
    } catch (error) {
      return String(error);
    }
  });
  if (faults.includes(null)) return null;
  return faults[0] ?? `the document has no event ${event ?? "without a name"}`;
}

/** What is wrong with a message of a socket; null: nothing. */
export function faultOfMessage(
  { serverMessages }: SocketOfDocument,
  protocol: string,
  data: string | ArrayBuffer,
): string | null {
  const type = typeof data === "string" ? "text" : "binary";
  const faults = serverMessages
    .filter((one) => one.type === type && (one.subprotocol ?? protocol) === protocol)
    .map(({ schema }) => schema ? judge(schema, data) : null);
  if (faults.includes(null)) return null;
  return faults[0] ?? `the document has no ${type} under ${protocol}`;
}

/** The tool that a request to MCP calls. */
function toolOf({ "x-mcp-tools": tools }: Operation, asked: string | undefined): string | null {
  if (!tools || asked === undefined) return null;
  const { method, params } = JSON.parse(asked) ?? {};
  return method === "tools/call" && params?.name in tools ? params.name : null;
}

/** What is wrong with a tool's result. A failure has none. `onRight` hears of a right one. */
export function faultOfResult(
  operation: Operation,
  tool: string,
  text: string,
  onRight: () => void,
): string | null {
  const { result } = JSON.parse(text);
  const output = operation["x-mcp-tools"]?.[tool]?.output;
  if (!output || !result || result.isError) return null;
  const fault = judge(output, result.structuredContent);
  if (fault === null) onRight();
  return fault === null ? null : `the result of ${tool}: ${fault}`;
}

const heard = new Set<string>();

/** Notes for the run that a test got this answer (local/testing/answers.ts). */
function note(answer: string): void {
  const file = Deno.env.get("GROUNDWORK_TEST_ANSWERS");
  if (file === undefined || heard.has(answer)) return;
  heard.add(answer);
  Deno.writeTextFileSync(file, `${answer}\n`, { append: true });
}

/**
 * Throws where an answer is not as the document says. The answer can still be read: a copy of it is, and only of JSON
 * that is not a file. An event stream goes on: its events are judged as they are read, and a wrong one is an error that
 * nobody catches, since readers come again after one that they do.
 *
 * @param asked the body of the request, where it was a text
 * @returns the answer, to be read instead of the one that was given
 */
export async function assertDocumented(
  method: string,
  path: string,
  response: globalThis.Response,
  asked?: string,
): Promise<globalThis.Response> {
  const operation = operationFor(method, path);
  if (!operation || response.redirected) return response;
  const { status, headers } = response;
  const [type = ""] = (headers.get("content-type") ?? "application/json").split(";");
  const isRead = type === "application/json" && !headers.has("content-disposition");
  const text = isRead ? await response.clone().text() : null;
  const tool = toolOf(operation, asked);
  const untrue = (fault: string, got: string | null = text) => {
    const what = `${operation.operationId} (${method} ${path}) answered ${status}`;
    return new Error(`docs/openapi.json is not true: ${what}: ${fault}\n${got?.slice(0, 2000)}`);
  };
  const faultOfTool = (got: string) =>
    tool && faultOfResult(operation, tool, got, () => note(`${operation.operationId} ${tool}`));
  const fault = faultOf(operation, { status, headers, text }) ?? (text ? faultOfTool(text) : null);
  if (fault !== null) throw untrue(fault);
  note(`${operation.operationId} ${status}`);
  const items = responseOf(operation, status).content?.[type]?.itemSchema;
  if (!items || !response.body) return response;
  const events = showEvents(response.body, (event) => {
    const wrong = faultOfEvent(items, event) ?? faultOfTool(event.data);
    if (wrong !== null) return reportError(untrue(wrong, JSON.stringify(event)));
    note(`${operation.operationId} ${event.event ?? "unnamed"}`);
  });
  const shown = new Response(events, { status, headers });
  Object.defineProperty(shown, "url", { value: response.url });
  return shown;
}
