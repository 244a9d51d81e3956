/**
 * What routes answer. The `answers.ts` of each function has the schemas; `docs/openapi.json` is made from them, and the
 * tests of the routes validate each answer against it. No function imports these files when it runs, so they cost
 * nothing there.
 */
import { z } from "zod";

/** A server-sent event: its data is JSON of a schema, or else a text. */
export interface ServerEvent {
  /** Its name; undefined where it has none. */
  readonly event?: string;
  /** Whether each has a number as its id, after which `Last-Event-ID` goes on. */
  readonly isNumbered?: boolean;
  readonly json?: z.ZodType;
  readonly text?: z.ZodType;
}
/** An answer that is a stream of server-sent events, each like one of these. */
export interface EventStream {
  readonly events: readonly ServerEvent[];
}
/** A message of a socket. */
export interface SocketMessage {
  readonly type: "text" | "binary";
  readonly about: string;
  /** Bytes that it may have. */
  readonly most?: number;
  /** What a text is like; any, where there is none. */
  readonly text?: z.ZodType;
  /** Only under this subprotocol; undefined: under each. */
  readonly protocol?: string;
}
/** An answer that is a WebSocket. */
export interface SocketAnswer {
  /** The subprotocols that a client may offer, with what each is for. */
  readonly protocols: Readonly<Record<string, string>>;
  /** What a client may send, and what it is sent. */
  readonly takes: readonly SocketMessage[];
  readonly sends: readonly SocketMessage[];
  /** What it closes with. Each has a row in docs/errors.md, which says what it means. */
  readonly closes: readonly SocketClose[];
}
/** How a socket closes. */
export interface SocketClose {
  readonly code: number;
  /** What the reason is like, where it is for programs. */
  readonly reason?: z.ZodType;
}
/** A body: a schema of JSON, events, a socket, or another media type. */
type Body = z.ZodType | EventStream | SocketAnswer | string;
/** The answers of one route by status. Null: an empty body. */
export type RouteAnswers = Readonly<Record<number, Body | readonly Body[] | null>>;
/** The answers of a function's routes by the name of the handler. */
export type Answers = Readonly<Record<string, RouteAnswers>>;

/** A UUID. */
export const id: z.ZodType = z.uuid();
/** A time in ISO 8601 with an offset. */
export const time: z.ZodType = z.iso.datetime({ offset: true });
/** How many. */
export const count: z.ZodType = z.int().min(0);
/** Seconds. */
export const seconds: z.ZodType = z.number().min(0).describe("Seconds.");
/** Any JSON object. */
export const object: z.ZodType = z.looseObject({});

/** Why a person may use an agent, or why not. */
export const reason: z.ZodType = z.enum([
  "granted",
  "administers_workspace",
  "denied",
  "expired",
  "not_granted",
  "not_a_member",
  "agent_not_published",
  "unknown_agent",
]).meta({ id: "AccessReason" });

/** The row that decided; null where the absence of one did. */
export const decidedBy: z.ZodType = z.looseObject({}).nullable();

/** The `error` of an error's body. */
export const error: z.ZodType = z.object({
  code: z.string().describe("One of docs/errors.md, or one that a product's own SQL raises."),
  message: z.string().describe("For people; it may change."),
  hint: z.string().optional(),
  details: z.looseObject({}).optional(),
});
/** The body of every error that has no schema of its own. */
export const errorBody: z.ZodType = z.object({ error }).meta({ id: "Error" });

/** What a run of a publishing function did. */
export const published: z.ZodType = z.object({
  published: count,
  found: count.describe("Of those: found on the platform, from an earlier attempt."),
  retrying: count,
  failed: count,
  lost: count.describe("Cancelled, or claimed by another worker in the meantime."),
}).meta({ id: "Published" });
/** The answer while a run goes on in the background. */
export const publishing: z.ZodType = z.object({ status: z.literal("publishing") });
