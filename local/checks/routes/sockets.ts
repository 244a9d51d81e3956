/** The WebSockets of the routes: their messages, and their close codes with the meanings of docs/errors.md. */
import type { z } from "zod";
import type {
  RouteAnswers,
  SocketAnswer,
  SocketMessage,
} from "../../../supabase/functions/_shared/http/answer-schemas.ts";
import { PROJECT } from "../../testing/deno-test.ts";
import type { Schema } from "./collect.ts";

/** A message, as the document has it. */
interface Message {
  type: SocketMessage["type"];
  description: string;
  subprotocol?: string;
  maxBytes?: number;
  schema?: Schema;
}

/** A socket, as the document has it (`x-websocket`). */
export interface SocketSchemas {
  subprotocols: Record<string, { description: string }>;
  clientMessages: Message[];
  serverMessages: Message[];
  closeCodes: Record<string, { description: string; reason?: Schema }>;
}

/** What the page says of each close code. */
async function readCloseCodes(): Promise<Map<number, string>> {
  const page = await Deno.readTextFile(`${PROJECT}/docs/errors.md`);
  const rows = page.matchAll(/^\| (\d{4}) \| (.+?) +\|$/gm);
  return new Map([...rows].map(([, code, meaning = ""]) => [Number(code), meaning]));
}

/** The socket among a route's answers; undefined where it has none. */
export async function describeSocket(
  answers: RouteAnswers | undefined,
  describe: (schema: z.ZodType) => Schema,
): Promise<SocketSchemas | undefined> {
  const socket = Object.values(answers ?? {}).find((one): one is SocketAnswer =>
    typeof one === "object" && one !== null && "closes" in one
  );
  if (!socket) return undefined;
  const meanings = await readCloseCodes();
  const codes = socket.closes.map(({ code }) => code);
  const odd = new Set(codes).symmetricDifference(new Set(meanings.keys()));
  if (odd.size > 0) throw new Error(`docs/errors.md or the code lacks close code ${[...odd]}`);
  const messageOf = ({ type, about, most, text, protocol }: SocketMessage): Message => ({
    type,
    description: about,
    ...(protocol === undefined ? {} : { subprotocol: protocol }),
    ...(most === undefined ? {} : { maxBytes: most }),
    ...(text === undefined ? {} : { schema: describe(text) }),
  });
  return {
    subprotocols: Object.fromEntries(
      Object.entries(socket.protocols).map(([name, description]) => [name, { description }]),
    ),
    clientMessages: socket.takes.map(messageOf),
    serverMessages: socket.sends.map(messageOf),
    closeCodes: Object.fromEntries(socket.closes.map(({ code, reason }) => [code, {
      description: meanings.get(code) ?? "",
      ...(reason === undefined ? {} : { reason: describe(reason) }),
    }])),
  };
}
