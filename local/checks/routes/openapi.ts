/** `docs/openapi.json`: all routes of the functions as an OpenAPI 3.2 document. */
import { PROJECT } from "../../testing/deno-test.ts";
import type { Parts, Route, Schema } from "./collect.ts";
import { errorsOf, type KnownError } from "./errors.ts";

/** Where the document is kept. */
export const OPENAPI_FILE = `${PROJECT}/docs/openapi.json`;

type Requirement = Record<string, string[]>;

/** Routes that no wrapper guards: their handlers look for the credential themselves. */
const OWN: Record<string, Requirement[]> = {
  connectAgent: [{ person: [] }, { token_in_query: [] }],
  readStream: [
    { person: [] },
    { token_in_query: [] },
    { agent: ["conversations:read"] },
    { service: [] },
  ],
  receiveReport: [{ signature: [] }],
  reportHealth: [{}, { service: [] }],
  reportMetrics: [{ service: [] }, { scraper: [] }],
  serveMcp: [{ person: [] }, { agent: [] }],
  streamEvents: [
    { person: [] },
    { token_in_query: [] },
    { agent: ["presence"] },
    { service: [] },
  ],
};

/** Who may call a route: any one of what is listed. */
export function securityOf({ name, audience, scope }: Route): Requirement[] {
  if (audience === "own") {
    const own = OWN[name];
    if (!own) throw new Error(`${name} is guarded by nothing that is known: name it in OWN`);
    return own;
  }
  if (audience === "anybody") return [{}];
  return [
    ...(audience === "service" ? [] : [{ person: [] }]),
    ...(scope === undefined ? [] : [{ agent: scope === null ? [] : [scope] }]),
    ...(audience === "person" ? [] : [{ service: [] }]),
  ];
}

const schemes = (scopes: string[]) => ({
  person: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The access token of a person who is signed in with Supabase Auth.",
  },
  agent: {
    type: "oauth2",
    description: "A token of an agent, as itself or for a person (`POST /agents/token`).",
    flows: {
      clientCredentials: {
        tokenUrl: "/functions/v1/agents/token",
        scopes: Object.fromEntries(scopes.map((scope) => [scope, "See docs/agents.md."])),
      },
    },
  },
  service: {
    type: "apiKey",
    in: "header",
    name: "apikey",
    description: "A secret key of the project. For the operator's own servers.",
  },
  scraper: {
    type: "http",
    scheme: "bearer",
    description: "What `GROUNDWORK_METRICS_TOKEN` says.",
  },
  signature: {
    type: "apiKey",
    in: "header",
    name: "x-webhook-signature",
    description: "The signature of the body (docs/errors.md, `invalid_signature`).",
  },
  token_in_query: {
    type: "apiKey",
    in: "query",
    name: "access_token",
    description:
      "A person's token, for sockets and event streams, to which browsers give no headers.",
  },
});

const PARAMETERS: Record<string, Schema> = {
  provider: { type: "string", pattern: "^[a-z][a-z0-9-]{0,59}$" },
  queue: { type: "string", pattern: "^[a-z][a-z0-9_]{0,50}$" },
  path: { type: "string", minLength: 1, maxLength: 500 },
  token: { type: "string" },
};

const parametersOf = ({ path, query }: Route) => [
  ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: PARAMETERS[name] ?? { type: "string", format: "uuid" },
  })),
  ...Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: (query?.required ?? []).includes(name) && !("default" in schema),
    schema,
  })),
];

const errorContent = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };

/** Answers that routes have in common are told once, by a name that says them: `404.not_found`. */
function refusalsOf(route: Route, known: readonly KnownError[]) {
  const byStatus = new Map<string, string[]>();
  for (const { code, statuses } of errorsOf(route, known)) {
    for (const status of statuses) byStatus.set(status, [...byStatus.get(status) ?? [], code]);
  }
  return [...byStatus].toSorted(([one], [other]) => Number(one) - Number(other)).map((
    [status, codes],
  ) => ({ status, codes, name: [status, ...codes].join(".") }));
}

const sayCodes = (codes: string[]) => codes.map((code) => `\`${code}\``).join(", ");

const referTo = (name: string) => ({ $ref: `#/components/responses/${name}` });

const PHRASES: Record<string, string> = {
  101: "A WebSocket.",
  200: "OK.",
  201: "Created.",
  202: "Accepted.",
  204: "No content.",
  302: "Found.",
  304: "Not modified.",
};

/** The answers of `answers.ts`. Where an error has a schema of its own, its codes are in the description. */
function responsesOf(route: Route, known: readonly KnownError[]) {
  const refused = refusalsOf(route, known);
  const answers = Object.entries(route.answers).map(([status, contents]) => {
    const codes = refused.filter((one) => one.status === status).flatMap((one) => one.codes);
    return [status, {
      description: sayCodes(codes) || (PHRASES[status] ?? "An error."),
      ...(contents.length === 0 ? {} : {
        content: Object.fromEntries(
          contents.map((
            { type, schema, items },
          ) => [type, items ? { itemSchema: items } : { schema }]),
        ),
      }),
    }];
  });
  const refusals = refused.map(({ status, name }) => [status, referTo(name)]);
  return {
    ...Object.fromEntries(refusals),
    ...Object.fromEntries(answers),
    default: referTo("database"),
  };
}

function componentResponses(routes: readonly Route[], known: readonly KnownError[]) {
  const refusals = routes.flatMap((route) => refusalsOf(route, known)).map(({ codes, name }) => [
    name,
    { description: sayCodes(codes), content: errorContent },
  ]);
  return {
    database: { description: "An error of the database (docs/errors.md).", content: errorContent },
    ...Object.fromEntries(refusals),
  };
}

const firstSentence = (text: string): string => {
  const [first = ""] = /^.*?[.:;](?=\s|$)/s.exec(text) ?? [text];
  const sentence = first.replace(/[.:;]$/, "");
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
};

function operationOf(route: Route, known: readonly KnownError[]) {
  return {
    operationId: route.name,
    tags: [route.function],
    summary: firstSentence(route.text),
    description: route.text.slice(0, 1).toUpperCase() + route.text.slice(1),
    security: securityOf(route),
    ...(route.limit === null ? {} : { "x-rate-limit-class": route.limit }),
    parameters: parametersOf(route),
    ...(route.body === null ? {} : {
      requestBody: {
        required: true,
        content: Object.fromEntries(route.types.map((type) => [
          type,
          { schema: /json|urlencoded/.test(type) ? route.body : {} },
        ])),
      },
    }),
    responses: responsesOf(route, known),
    ...(route.socket ? { "x-websocket": route.socket } : {}),
    ...(route.tools ? { "x-mcp-tools": route.tools } : {}),
  };
}

/** The document, as text. */
export function writeOpenApi(
  routes: readonly Route[],
  parts: Parts,
  known: readonly KnownError[],
): string {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method] = operationOf(route, known);
  }
  const scopes = [
    ...new Set(routes.flatMap(({ scope }) => scope ?? [])),
  ].toSorted();
  const functions = new Map(routes.map(({ function: name, about }) => [name, about]));
  return JSON.stringify(
    {
      openapi: "3.2.0",
      info: {
        title: "Groundwork's functions",
        version: "0.1.0",
        license: { name: "MIT", identifier: "MIT" },
        description:
          "Generated from the routes and their schemas by `npm run types`. The tables and SQL functions " +
          "of the Data API are in docs/schema.md.",
      },
      servers: [{
        url: "{project}/functions/v1",
        variables: { project: { default: "http://127.0.0.1:54321" } },
      }],
      tags: [...functions].map(([name, description]) => ({ name, description })),
      paths,
      components: {
        schemas: Object.fromEntries(parts),
        responses: componentResponses(routes, known),
        securitySchemes: schemes(scopes),
      },
    },
    null,
    2,
  );
}
