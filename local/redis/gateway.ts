/**
 * Speaks Upstash's REST protocol in front of a Redis server, so that the functions use the same client as on the
 * platform. Source: Upstash documentation, "REST API".
 */
import { Buffer } from "node:buffer";
import { createClient, ErrorReply, RESP_TYPES } from "redis";

/** The listening gateway. It stays while Redis comes and goes, and answers 503 meanwhile. */
export interface RedisGateway {
  url: string;
  /** Resolves as soon as Redis can be asked (again). */
  connected(): Promise<void>;
  stop(): Promise<void>;
}

/** What would occupy or change the one shared connection. Upstash has none of these either. */
const unsupported = new RegExp(
  "^(subscribe|psubscribe|ssubscribe|monitor|blpop|brpop|blmove|blmpop|bzpopmin|bzpopmax|bzmpop|" +
    "client|hello|auth|select|quit|shutdown)$",
  "i",
);

type Encode = (reply: unknown) => unknown;
type Outcome = { result: unknown } | { error: string };

/** Starts a gateway to the Redis at `redisUrl` that demands `token`. */
export async function startRedisGateway(redisUrl: string, token: string): Promise<RedisGateway> {
  const client = createClient({
    url: redisUrl,
    // Whoever asks while Redis is away shall know at once, not when it is back.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: 50, connectTimeout: 1000 },
  });
  // Being away is answered to each request; there is nobody else to tell.
  client.on("error", () => {});
  await client.connect();
  // Blobs come as bytes: that keeps them apart from status replies ("OK"), and binary values whole.
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });

  const send = (command: string[]): Promise<unknown> =>
    unsupported.test(command[0] ?? "")
      ? Promise.reject(new ErrorReply(`ERR ${command[0]} is not supported over REST`))
      : bytes.sendCommand(command);

  async function settle(reply: Promise<unknown>, encode: Encode): Promise<Outcome> {
    try {
      return { result: encode(await reply) };
    } catch (error) {
      if (error instanceof ErrorReply) return { error: error.message };
      throw error;
    }
  }

  async function runTransaction(commands: string[][], encode: Encode): Promise<Response> {
    // Sent in one go, so that nobody else's command comes between on the shared connection.
    const queued = [send(["MULTI"]), ...commands.map(send)].map((reply) => reply.catch(() => null));
    const outcome = await settle(send(["EXEC"]), (reply) => reply);
    await Promise.all(queued);
    if ("error" in outcome) return Response.json(outcome, { status: 400 });
    const replies = outcome.result as unknown[];
    return Response.json(
      replies.map((reply) =>
        reply instanceof Error ? { error: reply.message } : { result: encode(reply) }
      ),
    );
  }

  async function answer(request: Request): Promise<Response> {
    if (request.headers.get("authorization") !== `Bearer ${token}`) {
      return Response.json({ error: "Unauthorized" }, { status: 401 });
    }
    const encode = request.headers.get("upstash-encoding") === "base64" ? encodeBase64 : encodeText;
    const { pathname } = new URL(request.url);
    const body: unknown = request.method === "POST"
      ? await request.json().catch(() => undefined)
      : undefined;
    if (pathname === "/pipeline" || pathname === "/multi-exec") {
      if (!Array.isArray(body) || !body.every(Array.isArray)) return badCommand();
      const commands = body.map(readCommand);
      if (pathname === "/multi-exec") return await runTransaction(commands, encode);
      return Response.json(
        await Promise.all(commands.map((command) => settle(send(command), encode))),
      );
    }
    const path = pathname.split("/").filter(Boolean).map(decodeURIComponent);
    const command = path.length > 0 ? path : Array.isArray(body) ? readCommand(body) : [];
    if (command.length === 0) return badCommand();
    const outcome = await settle(send(command), encode);
    return Response.json(outcome, { status: "error" in outcome ? 400 : 200 });
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      try {
        return await answer(request);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return Response.json({ error: `ERR Redis is not reachable: ${reason}` }, { status: 503 });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async connected() {
      if (!client.isReady) await new Promise((resolve) => client.once("ready", resolve));
    },
    async stop() {
      await server.shutdown();
      client.destroy();
    },
  };
}

function badCommand(): Response {
  return Response.json({ error: "ERR failed to parse command" }, { status: 400 });
}

function readCommand(parts: unknown[]): string[] {
  return parts.map((part) =>
    typeof part === "string" ? part : typeof part === "object" ? JSON.stringify(part) : String(part)
  );
}

/** Replies as JSON, texts as they are. */
function encodeText(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return new TextDecoder().decode(reply);
  return Array.isArray(reply) ? reply.map(encodeText) : encodeOther(reply);
}

/** Replies as JSON, texts in base64 (except the status "OK", which clients expect as it is). */
function encodeBase64(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString("base64");
  if (typeof reply === "string" && reply !== "OK") return Buffer.from(reply).toString("base64");
  return Array.isArray(reply) ? reply.map(encodeBase64) : encodeOther(reply);
}

function encodeOther(reply: unknown): unknown {
  return reply instanceof Error ? reply.message : reply;
}
