/** `docs/routes.md`: the same routes, to be read. */
import { PROJECT } from "../../testing/deno-test.ts";
import { formatText } from "../format-text.ts";
import type { Content, Route, Schema } from "./collect.ts";
import { errorsOf, type KnownError } from "./errors.ts";
import { securityOf } from "./openapi.ts";

/** Where the page is kept. */
export const ROUTES_PAGE = `${PROJECT}/docs/routes.md`;

const WHO: Record<string, string> = {
  person: "a person",
  service: "the secret key",
  scraper: "a scraper's token",
  signature: "a signed body",
  token_in_query: "a person, with `?access_token=`",
};

/** Who may call it: "a person, or an agent with `memory:read`". */
function sayWho(route: Route): string {
  const named = securityOf(route).map((requirement) => {
    const [scheme] = Object.keys(requirement);
    if (scheme === undefined) return "anybody";
    if (scheme !== "agent") return WHO[scheme] ?? scheme;
    const [scope] = requirement[scheme] ?? [];
    return scope ? `an agent with \`${scope}\`` : "an agent";
  });
  return named.join(", or ");
}

/** "string, 1 to 200 characters". */
function sayType(schema: Schema): string {
  const options = schema.anyOf ?? schema.oneOf as Schema[] | undefined;
  if (options) return options.map(sayType).join(" or ");
  if (schema.enum) return (schema.enum as unknown[]).map((one) => `\`${one}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.$ref) return String(schema.$ref).replace(/^.*\//, "");
  if (schema.format) return String(schema.format);
  if (schema.type === "array") {
    return `list of ${sayType(schema.items as Schema)}${
      sayRange(schema.minItems, schema.maxItems)
    }`;
  }
  if (schema.type === "object" && schema.properties) {
    const names = Object.keys(schema.properties);
    if (names.length > 0) return `{ ${names.map((name) => `\`${name}\``).join(", ")} }`;
  }
  const range = sayRange(schema.minLength ?? schema.minimum, schema.maxLength ?? schema.maximum);
  return (schema.type ?? "any JSON") + range +
    (schema.minLength ?? schema.maxLength ? " characters" : "");
}

function sayRange(least: unknown, most: unknown): string {
  if (least === undefined && most === undefined) return "";
  if (most === undefined) return `, from ${least}`;
  return least === undefined ? `, up to ${most}` : `, ${least} to ${most}`;
}

function sayFields(schema: Schema): string[] {
  return Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const isNeeded = (schema.required ?? []).includes(name) && !("default" in field);
    const fallback = "default" in field ? `, default \`${JSON.stringify(field.default)}\`` : "";
    return `- \`${name}\`${isNeeded ? " (required)" : ""}: ${sayType(field)}${fallback}`;
  });
}

function sayBody({ body, types }: Route): string[] {
  if (body === null) return [];
  const [first = ""] = types;
  const heading = types.length === 1 && first === "application/json"
    ? "Body"
    : `Body (${types.join(", ")})`;
  const forms = body.anyOf ?? [body];
  const written = [
    ...new Set(forms.map((form) => {
      const fields = sayFields(form);
      return fields.length > 0 ? fields.join("\n") : `- ${sayType(form)}`;
    })),
  ];
  const isEmpty = body.properties && Object.keys(body.properties).length === 0;
  if (isEmpty) return [`${heading}: \`{}\`.`];
  return written.flatMap((fields, place) => [place === 0 ? `${heading}:` : "or:", fields]);
}

/** "events: `here`, `end`". */
function sayEvents({ anyOf = [] }: Schema): string {
  const names = new Set(anyOf.map(({ properties }) => {
    const name = properties?.event?.const;
    return name === undefined ? "unnamed" : `\`${name}\``;
  }));
  return `events (${[...names].join(", ")})`;
}

const sayContents = (contents: Content[]) =>
  contents.map(({ type, schema, items }) => {
    if (items) return sayEvents(items);
    return type === "application/json" ? sayType(schema) : type;
  }).join(" or ") || "without a body";

const saySocket = ({ socket }: Route) =>
  socket
    ? [
      `Closes with: ${
        Object.keys(socket.closeCodes).join(", ")
      } ([errors](errors.md)). These codes, the messages ` +
      "and the subprotocols are in [openapi.json](openapi.json) as `x-websocket`.",
    ]
    : [];

/** What a tool takes and returns is longer than a page should be. */
const sayTools = ({ tools }: Route) =>
  tools
    ? [
      `Tools: ${
        Object.keys(tools).map((name) => `\`${name}\``).join(", ")
      }; their schemas are in ` +
      "[openapi.json](openapi.json) as `x-mcp-tools`.",
    ]
    : [];

/** "200, 201 { `items` }; 204 without a body". */
function sayAnswers({ answers }: Route): string[] {
  const alike = Map.groupBy(Object.entries(answers), ([, contents]) => sayContents(contents));
  const said = [...alike].map(([body, of]) => `${of.map(([status]) => status).join(", ")} ${body}`);
  return said.length > 0 ? [`Answers: ${said.join("; ")}.`] : [];
}

function writeRoute(route: Route, known: readonly KnownError[]): string {
  const own = errorsOf(route, known)
    .filter(({ raisedBy }) => !raisedBy.includes("functions"))
    .map(({ code, statuses }) => `${statuses.join(", ")} \`${code}\``);
  const allowance = route.limit === null ? "" : ` Allowance: \`${route.limit}\`.`;
  return [
    `### ${route.method.toUpperCase()} ${route.path}`,
    `For ${sayWho(route)}.${allowance}`,
    route.text.slice(0, 1).toUpperCase() + route.text.slice(1),
    ...(route.query === null ? [] : ["Query:", sayFields(route.query).join("\n")]),
    ...sayBody(route),
    ...sayAnswers(route),
    ...saySocket(route),
    ...sayTools(route),
    ...(own.length > 0 ? [`Errors of its own: ${own.join("; ")}.`] : []),
  ].join("\n\n");
}

/** The page. */
export async function writeRoutesPage(
  routes: readonly Route[],
  known: readonly KnownError[],
): Promise<string> {
  const functions = Map.groupBy(routes, ({ function: name }) => name);
  const page = [
    "# The routes",
    "The routes of the functions, below `/functions/v1`. Made from the routes, their schemas and their comments by " +
    "`npm run types`, as [openapi.json](openapi.json) (OpenAPI 3.2) is; `npm run check` compares. A test calls each " +
    "of them, and all tests of the routes validate what they are answered against openapi.json.",
    "A person sends `Authorization: Bearer <token>` of Supabase Auth, an agent that of `POST /agents/token`, the " +
    "operator's server a secret key in `apikey`. An allowance is a number of requests a minute " +
    "([operations](operations.md)). What every route may answer besides its own errors: 400 `invalid_body`, " +
    "`invalid_json` and `invalid_parameter`, 401 `not_authenticated` and `invalid_token`, 403 `insufficient_scope`, " +
    "413, 415, 429 `rate_limited`, and what the database refuses ([errors](errors.md)). The fields of an answer " +
    "that is named, such as Session, and of the inner objects are in openapi.json.",
    ...[...functions].map(([name, of]) =>
      [
        `## ${name}`,
        of[0]?.about ?? "",
        ...of.map((route) => writeRoute(route, known)),
      ].join("\n\n")
    ),
  ].join("\n\n");
  return await formatText(page, "md");
}
