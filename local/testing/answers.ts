/**
 * Which answers the tests of the routes got. Each test process adds what it got to a file; an answer of the document
 * that no test got is a description that nothing holds to the functions.
 */
import { PROJECT } from "./deno-test.ts";

/** The variable that tells a test process where the file is. */
const VARIABLE = "GROUNDWORK_TEST_ANSWERS";

/** What no test gets: a socket is opened without `fetch`; the other takes eight seconds, as publishArticles does. */
const EXCEPTIONS = ["connectAgent 101", "publishPosts 202"];

/** A run's answers. */
export interface HeardAnswers extends AsyncDisposable {
  env: Record<string, string>;
  /** The documented answers below 400, events and tools that no test got, as "openStream 201" or "readStream end". */
  listMissing(): Promise<string[]>;
}

interface Event {
  properties: { event?: { const: string } };
}
interface Operation {
  operationId: string;
  responses: Record<string, { content?: Record<string, { itemSchema?: { anyOf: Event[] } }> }>;
  "x-mcp-tools"?: Record<string, unknown>;
}

/** What stands for an answer in the list: its status, each of its events, each tool of MCP. */
function namesOf({ responses, "x-mcp-tools": tools = {} }: Operation): string[] {
  const good = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const events = good.flatMap(([, { content }]) =>
    Object.values(content ?? {}).flatMap(({ itemSchema }) => itemSchema?.anyOf ?? [])
  );
  return [
    ...good.map(([status]) => status),
    ...new Set(events.map(({ properties }) => properties.event?.const ?? "unnamed")),
    ...Object.keys(tools),
  ];
}

async function listDocumented(): Promise<string[]> {
  const { paths }: { paths: Record<string, Record<string, Operation>> } = JSON.parse(
    await Deno.readTextFile(`${PROJECT}/docs/openapi.json`),
  );
  return Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap((operation) =>
      namesOf(operation).map((name) => `${operation.operationId} ${name}`)
    )
  );
}

/** Begins to hear. */
export async function hearAnswers(): Promise<HeardAnswers> {
  const file = await Deno.makeTempFile({ prefix: "groundwork-answers-" });
  return {
    env: { [VARIABLE]: file },
    async listMissing() {
      const heard = new Set([...(await Deno.readTextFile(file)).split("\n"), ...EXCEPTIONS]);
      return (await listDocumented()).filter((one) => !heard.has(one));
    },
    [Symbol.asyncDispose]: () => Deno.remove(file),
  };
}
