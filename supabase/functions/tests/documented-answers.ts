/**
 * Holds the answers that tests get to `docs/openapi.json`. An answer that the document does not describe fails the test
 * that got it: a field that is missing or not described, a wrong type, a status or media type that is not there.
 */
import { z } from "zod";

/** A schema of the document. */
export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  anyOf?: Schema[];
  format?: string;
  default?: unknown;
}
interface Response {
  $ref?: string;
  description?: string;
  content?: Record<string, { schema: Schema }>;
}
/** A route of the document. */
export interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
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
  const { error } = validatorOf(content.schema).safeParse(JSON.parse(text));
  return error ? z.prettifyError(error) : null;
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
 * that is not a file, since an event stream goes on.
 */
export async function assertDocumented(
  method: string,
  path: string,
  response: globalThis.Response,
): Promise<void> {
  const operation = operationFor(method, path);
  if (!operation || response.redirected) return;
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "application/json";
  const isRead = /^application\/json\b/.test(type) && !headers.has("content-disposition");
  const text = isRead ? await response.clone().text() : null;
  const fault = faultOf(operation, { status, headers, text });
  if (fault === null) return note(`${operation.operationId} ${status}`);
  const what = `${operation.operationId} (${method} ${path}) answered ${status}`;
  throw new Error(`docs/openapi.json is not true: ${what}: ${fault}\n${text?.slice(0, 2000)}`);
}
