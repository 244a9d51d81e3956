/**
 * The routes of all functions as their apps declare them, with the schemas that their handlers read and the words that
 * stand over their handlers.
 */
import { z } from "zod";
import {
  type Answers,
  errorBody,
  type EventStream,
  type RouteAnswers,
  type SocketAnswer,
} from "../../../supabase/functions/_shared/http/answer-schemas.ts";
import {
  inputOf,
  routesOf,
  type Terms,
  termsOf,
} from "../../../supabase/functions/_shared/http/declared.ts";
import type { Tool } from "../../../supabase/functions/mcp/tool.ts";
import { PROJECT } from "../../testing/deno-test.ts";
import { listFunctions } from "../bundles.ts";
import { describeSocket, type SocketSchemas } from "./sockets.ts";

/** JSON Schema, as far as we look into it. */
export interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  anyOf?: Schema[];
  [word: string]: unknown;
}

/** A route, with all that is known of it. */
export interface Route {
  /** The function, and what the comment at the head of its `index.ts` says. */
  function: string;
  about: string;
  /** `get`, `post`, …; `all` is told as `post`. */
  method: string;
  /** From `/functions/v1` on, as OpenAPI writes it: `/work/{queue}/claim`. */
  path: string;
  /** The handler's name: unique among all routes. */
  name: string;
  /** What the handler's comment says, without the route at its beginning. */
  text: string;
  audience: Terms["audience"] | "own";
  limit: string | null;
  /** The scope that agents need: null, none; undefined, no agent may. */
  scope: string | null | undefined;
  query: Schema | null;
  body: Schema | null;
  types: readonly string[];
  /** What it answers, by status. */
  answers: Record<string, Content[]>;
  /** Of a WebSocket: its messages, and how it closes. */
  socket?: SocketSchemas;
  /** Of MCP: its tools. */
  tools?: Record<string, ToolSchemas>;
}

/** A body that an answer may have: of this media type, and of this schema where it is JSON. */
export interface Content {
  type: string;
  schema: Schema;
  /** Of a stream: what each of its events is like. */
  items?: Schema;
}

/** What a tool takes and returns. */
interface ToolSchemas {
  description: string;
  input: Schema;
  output: Schema;
}

const FUNCTIONS = `${PROJECT}/supabase/functions`;

/** A comment's text without its stars, paragraphs kept, and without the tags at its end. */
function readComment(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
  const text = lines.join("\n").split(/^@/m)[0] ?? "";
  return text.split(/\n{2,}/).map((part) => part.replaceAll("\n", " ").trim()).filter(Boolean)
    .join("\n\n");
}

/** The comment over an exported name. */
function findComment(source: string, name: string): string | undefined {
  const over = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export (?:async )?(?:function|const) ${name}\\b`,
  );
  return over.exec(source)?.[1];
}

interface Named {
  name: string;
  comment: string | undefined;
}

/** The functions that the files of one function export: the handlers among them are known by it. */
async function readHandlers(folder: string): Promise<Map<unknown, Named>> {
  const handlers = new Map<unknown, Named>();
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      for (const [handler, named] of await readHandlers(path)) handlers.set(handler, named);
    } else if (/(?<!\.test)\.ts$/.test(entry.name) && entry.name !== "index.ts") {
      const source = await Deno.readTextFile(path);
      for (const [name, value] of Object.entries(await import(path))) {
        if (typeof value !== "function") continue;
        handlers.set(value, { name, comment: findComment(source, name) });
      }
    }
  }
  return handlers;
}

const UUID = /^\^\[0-9a-f\]\{8\}-/;

/** Schemas that refer to themselves, by name: of the whole document. */
export type Parts = Map<string, Schema>;

/** What a client may send, by the schema that reads it. */
function describe(schema: z.ZodType, parts: Parts): Schema {
  const { $schema: _, $defs = {}, ...described } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      // Any JSON: its schema refers to itself, and says nothing.
      if (zodSchema._zod.def.type === "lazy") {
        for (const word of Object.keys(jsonSchema)) delete jsonSchema[word];
      }
      if (UUID.test(jsonSchema.pattern ?? "")) jsonSchema.format = "uuid";
      // The pattern of a format would only say it again, in small letters or at great length.
      if (jsonSchema.format) delete jsonSchema.pattern;
      // What JSON keeps exactly bounds every whole number.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  for (const [name, part] of Object.entries($defs)) {
    if (Object.keys(part).length > 0) parts.set(name, placeParts(part) as Schema);
  }
  return placeParts(described) as Schema;
}

/** References lead to where OpenAPI keeps schemas; one to any JSON is `{}`. */
function placeParts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(placeParts);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([word]) => word !== "id" || !("$ref" in value));
  const { $ref } = value as Schema;
  if (typeof $ref === "string" && /__schema\d+$/.test($ref)) return {};
  return Object.fromEntries(entries.map(([word, inner]) => [
    word,
    word === "$ref"
      ? String(inner).replace("#/$defs/", "#/components/schemas/")
      : placeParts(inner),
  ]));
}

function describeBody(body: z.ZodType | readonly z.ZodType[], parts: Parts): Schema {
  const schemas = (Array.isArray(body) ? body : [body]).map((schema) => describe(schema, parts));
  return schemas.length === 1 ? schemas[0]! : { anyOf: schemas };
}

/** An event as OpenAPI 3.2 has it: its fields, of which the data is a text that may be JSON. */
function describeEvents({ events }: EventStream, parts: Parts): Schema {
  return {
    anyOf: events.map(({ event, isNumbered, json, text }): Schema => ({
      type: "object",
      properties: {
        ...(isNumbered ? { id: { type: "string", pattern: "^\\d+$" } } : {}),
        ...(event ? { event: { type: "string", const: event } } : {}),
        data: json
          ? {
            type: "string",
            contentMediaType: "application/json",
            contentSchema: describe(json, parts),
          }
          : describe(text ?? z.string(), parts),
      },
      required: [...(isNumbered ? ["id"] : []), ...(event ? ["event"] : []), "data"],
    })),
  };
}

/** The tools of MCP, each with the result that `answers.ts` has for it. */
async function describeTools(
  path: string,
  results: Record<string, z.ZodType>,
  parts: Parts,
): Promise<Record<string, ToolSchemas>> {
  const { tools }: { tools: readonly Tool[] } = await import(`${path}/tools.ts`);
  const names = new Set([...tools.map(({ name }) => name), ...Object.keys(results)]);
  return Object.fromEntries([...names].map((name) => {
    const tool = tools.find((one) => one.name === name);
    const result = results[name];
    if (!tool || !result) throw new Error(`mcp: ${name} lacks its result, or is no tool`);
    const { description, input } = tool;
    return [
      name,
      { description, input: describe(input, parts), output: describe(result, parts) },
    ];
  }));
}

/** The answers that a function's `answers.ts` gives for a handler. */
function describeAnswers(answers: RouteAnswers | undefined, parts: Parts): Route["answers"] {
  const read = (said: z.ZodType | EventStream | SocketAnswer | string): Content[] => {
    if (typeof said === "string") return [{ type: said, schema: {} }];
    if ("closes" in said) return []; // has no body
    return "events" in said
      ? [{ type: "text/event-stream", schema: {}, items: describeEvents(said, parts) }]
      : [{ type: "application/json", schema: describe(said, parts) }];
  };
  return Object.fromEntries(
    Object.entries(answers ?? {}).map((
      [status, said],
    ) => [status, [said ?? []].flat().flatMap(read)]),
  );
}

/** A scope that depends on the path, with the parameter's name in its place. */
function readScope(scope: Terms["scope"]): string | null | undefined {
  if (typeof scope !== "function") return scope;
  const named = { req: { param: (name: string) => name } };
  const said = scope(named as never);
  return said.replace(/:(\w+)$/, ":{$1}");
}

async function readRoutes(folder: string, parts: Parts): Promise<Route[]> {
  const path = `${FUNCTIONS}/${folder}`;
  const { app } = await import(`${path}/index.ts`);
  const source = await Deno.readTextFile(`${path}/index.ts`);
  const about = readComment(/^\/\*\*((?:(?!\*\/)[\s\S])*)\*\//.exec(source)?.[1] ?? "");
  const handlers = await readHandlers(path);
  const { answers, results }: { answers: Answers; results?: Record<string, z.ZodType> } =
    await import(`${path}/answers.ts`);
  const tools = results && await describeTools(path, results, parts);
  const stray = Object.keys(answers).filter((name) =>
    ![...handlers.values()].some((one) => one.name === name)
  );
  if (stray.length > 0) throw new Error(`${folder}/answers.ts: there is no handler ${stray}`);
  return await Promise.all(
    routesOf(app).map(async (declared): Promise<Route> => {
      const terms = termsOf(declared.handler);
      const handler = terms?.handler ?? declared.handler;
      const named = handlers.get(handler);
      if (!named) throw new Error(`${declared.path}: no file of ${folder} exports its handler`);
      if (!named.comment) throw new Error(`${folder}: ${named.name} has no comment`);
      const input = inputOf(handler);
      const socket = await describeSocket(answers[named.name], (schema) => describe(schema, parts));
      return {
        function: folder,
        about,
        method: declared.method === "all" ? "post" : declared.method,
        path: declared.path.replaceAll(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}"),
        name: named.name,
        text: readComment(named.comment).replace(
          /^`[A-Z]+ [^`]+`(?:, `[^`]+`)*(?: \([^)]*\))?[:.,]? ?/,
          "",
        ),
        audience: terms?.audience ?? "own",
        limit: terms?.limit ?? null,
        scope: readScope(terms?.scope),
        query: input?.query ? describe(input.query, parts) : null,
        body: input?.body ? describeBody(input.body, parts) : null,
        types: input?.types ?? ["application/json"],
        answers: describeAnswers(answers[named.name], parts),
        ...(socket ? { socket } : {}),
        ...(tools && named.name === "serveMcp" ? { tools } : {}),
      };
    }),
  );
}

/** All routes of all functions, by function and in the order of their declaration. */
export async function collectRoutes(): Promise<{ routes: Route[]; parts: Parts }> {
  const parts: Parts = new Map();
  describe(errorBody, parts);
  const routes: Route[] = [];
  for (const name of await listFunctions()) routes.push(...await readRoutes(name, parts));
  return { routes, parts };
}
