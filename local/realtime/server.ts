/**
 * The platform's Realtime, on a port of its own: broadcasts, presence and private channels for what
 * @supabase/realtime-js speaks, and
 * what the database says on a topic.
 */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import postgres from "postgres";
import { readPartitionScript } from "../database/bootstrap.ts";
import { keepOpen } from "../database/lost-connections.ts";
import { refuseChanges } from "./changes/feed.ts";
import type { Context } from "./context.ts";
import { followChanges } from "./changes/log-feed.ts";
import { askForLog, type DatabaseMessage, followMessages } from "./database/messages.ts";
import { createRate, fits, freePlan, type Limits } from "./limits.ts";
import { fitsFrame, outgoingBroadcast } from "./protocol.ts";
import { broadcastRoutes } from "./rest.ts";
import { serveSocket } from "./socket.ts";
import { type ApiKeys, createVerifier, TokenError } from "./tokens.ts";
import { createTopics, topicKey } from "./topics.ts";

/** What Realtime needs. */
export interface RealtimeOptions {
  /** A superuser: rows are inserted as the service, policies are asked as the person. */
  adminUrl: string;
  keys: ApiKeys;
  /** The claims of a person's token; throws one of jose's errors. */
  verifyToken: Parameters<typeof createVerifier>[1];
  /** Connections for asking the policies. */
  connections: number;
  limits?: Partial<Limits>;
  /** The platform's "Allow public access", switched off. */
  isPrivateOnly?: boolean;
  log?: (line: string) => void;
}

/** Answers below /realtime/v1. */
export interface Realtime {
  origin: string;
  stop(): Promise<void>;
}

/** How often days are added to and dropped from `realtime.messages`, in milliseconds. */
const partitionInterval = 3_600_000;

/** Why the changes of tables are not told, and what to use instead. */
const refusals = {
  embedded: "The embedded database cannot decode its log: use broadcasts " +
    "(realtime.broadcast_changes in a trigger), or a real Postgres (npm start -- --db-url …)",
  unlogged: "wal_level is not logical: set it and restart Postgres, or use broadcasts " +
    "(realtime.broadcast_changes in a trigger)",
};

/** Starts Realtime; the database has been prepared by {@link file://../database/bootstrap.ts}. */
export async function startRealtime(options: RealtimeOptions): Promise<Realtime> {
  const log = options.log ?? (() => {});
  const limits = { ...freePlan, ...options.limits };
  const rate = (perSecond: number) => createRate(perSecond, limits.windowSeconds);
  const sql = keepOpen((onclose) =>
    postgres(options.adminUrl, {
      max: options.connections,
      onnotice: () => {},
      onclose,
      max_lifetime: null, // none closes but by a loss
      connection: { application_name: "groundwork-realtime" },
    })
  );
  const { isEmbedded, isLogged } = await askForLog(sql);
  const events = rate(limits.eventsPerSecond);
  const following = Promise.withResolvers<void>();
  const context: Context = {
    sql,
    log,
    limits,
    verify: createVerifier(options.keys, options.verifyToken),
    topics: createTopics(),
    rates: {
      joins: rate(limits.joinsPerSecond),
      events,
      presence: rate(limits.presenceEventsPerSecond),
    },
    connected: new Set(),
    isPrivateOnly: options.isPrivateOnly ?? false,
    whenFollowing: following.promise,
    changes: isLogged
      ? followChanges({ sql, adminUrl: options.adminUrl, events, log })
      : refuseChanges(isEmbedded ? refusals.embedded : refusals.unlogged),
  };
  const messages = await followMessages({
    sql,
    adminUrl: options.adminUrl,
    log,
    onMessage: (message) => tell(context, message),
  });
  following.resolve();
  const partitions = await readPartitionScript();
  const keepDays = setInterval(() => {
    sql.unsafe(partitions).simple().catch((error) =>
      log(`Realtime: the days of realtime.messages were not kept: ${error.message}`)
    );
  }, partitionInterval);

  const sockets = new Set<WebSocket>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    routes(context, sockets).fetch,
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    async stop() {
      clearInterval(keepDays);
      for (const socket of sockets) socket.close(1001);
      await Promise.all([messages.stop(), context.changes.stop()]);
      const closed = server.shutdown();
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
      await sql.end({ timeout: 1 });
    },
  };
}

function routes(context: Context, sockets: Set<WebSocket>): Hono {
  const app = new Hono().basePath("/realtime/v1");
  app.get("/websocket", async (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") return c.text("", 426);
    const headers = Object.fromEntries(
      [...c.req.raw.headers].filter(([name]) => name.startsWith("x-")),
    );
    try {
      const claims = await readApiKey(context, c.req.header("x-api-key") ?? c.req.query("apikey"));
      if (context.connected.size >= context.limits.connections) {
        return c.json({ error: "Too many connected users" }, 429);
      }
      const version = c.req.query("vsn") === "2.0.0" ? "2.0.0" : "1.0.0";
      const { socket, response } = Deno.upgradeWebSocket(c.req.raw);
      sockets.add(socket);
      socket.addEventListener("close", () => sockets.delete(socket));
      serveSocket(context, socket, { version, claims, headers });
      return response;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return c.json({ error: error.message }, 401);
    }
  });
  app.use("/api/*", bodyLimit({ maxSize: context.limits.frameBytes }));
  app.route("/api", broadcastRoutes(context));
  app.notFound((c) => c.json({ message: "not found" }, 404));
  return app;
}

async function readApiKey({ verify }: Context, key: string | undefined) {
  if (!key) throw new TokenError("MissingAPIKey", "API key is missing");
  return await verify(key);
}

/** Says on a topic what the database says; what is too large or too much is left out, as on the platform. */
function tell(context: Context, message: DatabaseMessage) {
  const { id, topic, event, isPrivate, payload } = message;
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const name = `realtime:${topic}`;
  if (!fits(body.length, context.limits) || !fitsFrame(name) || !fitsFrame(event)) {
    return context.log(`Realtime: the message ${id} on ${topic} is too large to be delivered`);
  }
  if (context.rates.events.isAbove()) {
    return context.log(`Realtime: too many messages per second; ${id} on ${topic} is left out`);
  }
  context.rates.events.add();
  const encoding = typeof payload === "string" ? "json" : "binary";
  const said = outgoingBroadcast(name, { event, encoding, body, meta: { id } });
  context.topics.broadcast(topicKey(topic, isPrivate), said, { id });
}
