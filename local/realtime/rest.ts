/** Broadcasts by HTTP: a batch (`channel.send` before it is joined), and one (`channel.httpSend`). */
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { type Extension, mayWrite, PolicyError } from "./authorization.ts";
import type { Context } from "./context.ts";
import { fits } from "./limits.ts";
import { encodeBody, fitsFrame, outgoingBroadcast, type UserBroadcast } from "./protocol.ts";
import { type Claims, TokenError } from "./tokens.ts";
import { topicKey } from "./topics.ts";

const name = z.string().min(1).refine(fitsFrame, "at most 255 bytes");
const batch = z.object({
  messages: z.array(z.object({
    topic: name.refine((topic) => fitsFrame(`realtime:${topic}`), "at most 246 bytes"),
    event: name,
    payload: z.record(z.string(), z.unknown()),
    private: z.boolean().nullish().transform((value) => value === true),
    id: z.string().optional(),
  })).min(1),
});

/** Below `/realtime/v1/api`. */
export function broadcastRoutes(context: Context): Hono {
  const app = new Hono();

  app.post("/broadcast", async (c) => {
    const { claims, headers } = await authenticate(context, c.req.raw.headers);
    const body: unknown = await c.req.json().catch(() => null);
    const parsed = batch.safeParse(body);
    if (!parsed.success) return c.json({ errors: z.treeifyError(parsed.error) }, 422);
    const { messages } = parsed.data;
    limitEvents(context, messages.length);
    const said = messages.map((message) => {
      const body = encodeBody(message.payload);
      return { ...message, body, meta: message.id ? { id: message.id } : undefined };
    });
    if (said.some(({ body }) => !fits(body.length, context.limits))) {
      return c.json({ errors: { payload: ["Payload size exceeds tenant limit"] } }, 422);
    }
    const asked = new Map<string, boolean>();
    for (const message of said) {
      // What may not be said on a private topic is left out in silence, as on the platform.
      if (message.private && !asked.has(message.topic)) {
        asked.set(message.topic, await maySay(context, { claims, headers, topic: message.topic }));
      }
      if (message.private && !asked.get(message.topic)) continue;
      const { topic, event, body, meta } = message;
      deliver(context, topic, message.private, {
        ...{ event, body, encoding: "json" },
        ...(meta ? { meta } : {}),
      });
    }
    return c.body(null, 202);
  });

  app.post("/broadcast/:topic/events/:event", async (c) => {
    const { claims, headers } = await authenticate(context, c.req.raw.headers);
    const { topic, event } = c.req.param();
    if (!fitsFrame(`realtime:${topic}`) || !fitsFrame(event)) {
      return c.json({ message: "topic and event have at most 246 and 255 bytes" }, 422);
    }
    if (c.req.query("persist") || c.req.query("persist[ttl]")) {
      const message = "persist is not served by the local stack: use realtime.send in the database";
      return c.json({ message }, 422);
    }
    const isPrivate = c.req.query("private") === "true";
    const type = c.req.header("content-type") ?? "";
    const isBinary = type.startsWith("application/octet-stream");
    if (!isBinary && !type.startsWith("application/json")) {
      return c.json({ message: "Unsupported Media Type" }, 415);
    }
    const body = new Uint8Array(await c.req.arrayBuffer());
    if (!isBinary && !isJson(body)) return c.json({ message: "The body is not JSON" }, 422);
    if (!fits(body.length, context.limits)) {
      return c.json({ message: "Payload size exceeds tenant limit" }, 422);
    }
    limitEvents(context, 1);
    if (isPrivate && !await maySay(context, { claims, headers, topic })) {
      return c.json({ message: "Unauthorized" }, 403);
    }
    deliver(context, topic, isPrivate, { event, body, encoding: isBinary ? "binary" : "json" });
    return c.body(null, 202);
  });

  app.onError((error, c) => {
    if (error instanceof HTTPException) {
      return c.json({ message: error.message }, error.status);
    }
    context.log(`Realtime: ${c.req.path} failed: ${error}`);
    return c.json({ message: "Unknown error" }, 500);
  });
  app.notFound((c) => c.json({ message: "not found" }, 404));
  return app;
}

/** The token of `authorization` counts, else the API key. */
async function authenticate(
  { verify }: Context,
  headers: Headers,
): Promise<{ claims: Claims; headers: Record<string, string> }> {
  const token = headers.get("authorization")?.replace(/^bearer\s+/i, "") ?? headers.get("apikey");
  try {
    const claims = await verify(token ?? "");
    return { claims, headers: Object.fromEntries(headers) };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new HTTPException(401, { message: "Unauthorized" });
  }
}

async function maySay(context: Context, person: Parameters<typeof mayWrite>[1]): Promise<boolean> {
  const allowed = await mayWrite(context.sql, person, ["broadcast"]).catch((error) => {
    if (!(error instanceof PolicyError)) throw error;
    context.log(`Realtime: a policy on realtime.messages failed: ${error.message}`);
    return new Set<Extension>();
  });
  return allowed.has("broadcast");
}

function limitEvents({ rates }: Context, count: number) {
  if (!rates.events.isAbove(count)) return;
  const message = count > 1
    ? "Too many messages to broadcast, please reduce the batch size"
    : "You have exceeded your rate limit";
  throw new HTTPException(429, { message });
}

function deliver(context: Context, topic: string, isPrivate: boolean, said: UserBroadcast) {
  context.rates.events.add();
  const message = outgoingBroadcast(`realtime:${topic}`, said);
  context.topics.broadcast(topicKey(topic, isPrivate), message);
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return true;
  } catch {
    return false;
  }
}
