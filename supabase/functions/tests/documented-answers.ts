/**
 * Holds the answers that tests get to `docs/openapi.json`. An answer that the document does not describe fails the test
 * that got it: a field that is missing or not described, a wrong type, a status or media type that is not there.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

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

/** The schema as tests read it: an object has only the fields that are described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([word, value]) => [
      word,
      closed(value),
    ]),
  );
  const isOpen = !("properties" in inner) || "additionalProperties" in inner;
  return isOpen ? inner : { ...inner, additionalProperties: false };
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as typeof addFormats.default)(ajv);
ajv.addSchema({
  $id: "document",
  components: { schemas: closed(document.components.schemas) },
});
const validators = new Map<Schema, ValidateFunction>();

function validatorOf(schema: Schema): ValidateFunction {
  let validate = validators.get(schema);
  if (!validate) {
    const text = JSON.stringify(closed(schema)).replaceAll('"$ref":"#/', '"$ref":"document#/');
    validate = ajv.compile(JSON.parse(text));
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
  const validate = validatorOf(content.schema);
  return validate(JSON.parse(text)) ? null : ajv.errorsText(validate.errors, { dataVar: "body" });
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
