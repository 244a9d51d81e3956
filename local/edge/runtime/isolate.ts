/**
 * One isolate: one function, in a worker of its own, with a port of its own. Runs on the platform's Deno, and gives the
 * function what the platform's runtime gives it: `EdgeRuntime.waitUntil`, `Deno.serve`, a server of `node:http` or an
 * exported `fetch`, exactly its environment, `beforeunload`.
 */
/// <reference lib="deno.worker" />
import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { FromIsolate, ToIsolate } from "./messages.ts";

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

const report = (message: FromIsolate) => self.postMessage(message);
const serve = Deno.serve;
/** Milliseconds that a function may take until it says how it answers. */
const longestBoot = 20_000;

/** Requests that have no answer yet, and promises that the function waits for. */
let unacknowledged = 0;
let pending = 0;
let isRetired = false;
/** What was reported last. */
let isIdle = false;

function settle(): void {
  const wasIdle = isIdle;
  isIdle = isRetired && unacknowledged === 0 && pending === 0;
  if (isIdle !== wasIdle) report({ kind: isIdle ? "idle" : "busy" });
}

Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil<Value>(promise: Promise<Value>): Promise<Value> {
      pending++;
      settle();
      const done = () => {
        pending--;
        settle();
      };
      Promise.resolve(promise).then(done, done);
      return promise;
    },
  },
});

/** Gives the function exactly its environment: the runtime has some of its own. */
function setEnvironment(env: Record<string, string>): void {
  Object.assign(Deno.env, {
    get: (name: string) => env[name],
    has: (name: string) => name in env,
    toObject: () => ({ ...env }),
    set: (name: string, value: string) => void (env[name] = value),
    delete: (name: string) => void delete env[name],
  });
}

/** `Deno.serve` of a function names its handler; the port is not the function's to choose. */
function catchServe(): Promise<Handler> {
  const { promise, resolve } = Promise.withResolvers<Handler>();
  Object.assign(Deno, {
    serve(...given: unknown[]) {
      const options = given.find((one) => typeof one === "object" && one !== null) as
        | { handler?: Handler }
        | undefined;
      const handler = given.find((one) => typeof one === "function") ?? options?.handler;
      if (typeof handler !== "function") throw new TypeError("Deno.serve: there is no handler");
      resolve(handler as Handler);
      const end = () => Promise.resolve();
      return {
        finished: new Promise<void>(() => {}),
        addr: { transport: "tcp", hostname: "0.0.0.0", port: 9999 },
        ref() {},
        unref() {},
        shutdown: end,
        [Symbol.asyncDispose]: end,
      };
    },
  });
  return promise;
}

/** Counts what a server of `node:http` gets until its answer begins; for a socket, until the handshake. */
function countRequests(server: Server): void {
  const begin = (
    answer: { once(event: string, heard: () => void): unknown },
    ...begins: string[]
  ) => {
    unacknowledged++;
    settle();
    let isCounted = true;
    for (const event of begins) {
      answer.once(event, () => {
        if (isCounted) unacknowledged--;
        isCounted = false;
        settle();
      });
    }
  };
  server.prependListener("request", (_, answer) => begin(answer, "finish", "close"));
  if (server.listenerCount("upgrade") === 0) return;
  server.prependListener("upgrade", (_, connection: Duplex) => {
    const { write } = connection;
    begin(connection, "handshake", "close");
    connection.write = (...given: unknown[]) => {
      connection.write = write;
      connection.emit("handshake");
      return Reflect.apply(write, connection, given);
    };
  });
}

/** A server of `node:http` listens by itself; the port is not the function's to choose. */
function catchListen(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const servers = Object.getPrototypeOf(createServer()) as Server;
  const { listen } = servers;
  Object.assign(servers, {
    listen(this: Server, ...given: unknown[]) {
      countRequests(this);
      const heard = given.find((one) => typeof one === "function") as (() => void) | undefined;
      return Reflect.apply(listen, this, [0, "127.0.0.1", () => {
        resolve((this.address() as { port: number }).port);
        heard?.();
      }]);
    },
  });
  return promise;
}

/** The port on which the function answers. */
async function findPort(name: string, entry: string): Promise<number> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const answer = (handler: Handler) => serve(options, answering(name, handler)).addr.port;
  const [served, listened] = [catchServe(), catchListen()];
  const module = await import(entry);
  if (typeof module.default?.fetch === "function") {
    return answer((request, info) => module.default.fetch(request, info));
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new TypeError(
            `supabase/functions/${name}/index.ts calls neither Deno.serve nor a server's listen, ` +
              "nor exports { fetch } by default",
          ),
        ),
      longestBoot,
    );
  });
  return await Promise.race([served.then(answer), listened, never]).finally(() =>
    clearTimeout(timer)
  );
}

/** Bytes of a body that nobody wants and that is read all the same. */
const mostUnwanted = 64 * 1024 * 1024;

/**
 * The same request with a body that may be left unread. On the platform the function does not hold the connection; here
 * an answer would be lost with a connection that ends before all was read, so that what nobody wants is read before the
 * answer leaves.
 */
function decouple(request: Request): { request: Request; drained: () => Promise<void> } {
  if (!request.body) return { request, drained: () => Promise.resolve() };
  const reader = request.body.getReader();
  let draining: Promise<void> | undefined;
  async function drain(): Promise<void> {
    try {
      let size = 0;
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        size += part.value.byteLength;
        if (size > mostUnwanted) return await reader.cancel();
      }
    } catch { /* whoever sent it is gone */ }
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void (draining ??= drain()),
  }, { highWaterMark: 0 });
  const { url, method, headers, signal } = request;
  const copy = new Request(url, { method, headers, signal, body });
  return {
    request: copy,
    drained: () => copy.bodyUsed ? draining ?? Promise.resolve() : draining ??= drain(),
  };
}

function answering(name: string, handler: Handler): Deno.ServeHandler<Deno.NetAddr> {
  return async (received, info) => {
    unacknowledged++;
    settle();
    const { request, drained } = decouple(received);
    try {
      const response = await handler(request, info);
      await drained();
      return response;
    } catch (error) {
      console.error(`[functions] ${name}:`, error);
      return Response.json(
        { code: "WORKER_ERROR", message: "The function failed (see the stack's output)" },
        { status: 500, headers: { "access-control-allow-origin": "*" } },
      );
    } finally {
      unacknowledged--;
      settle();
    }
  };
}

async function boot({ name, entry, env }: Extract<ToIsolate, { kind: "boot" }>): Promise<void> {
  setEnvironment(env);
  report({ kind: "booted", port: await findPort(name, entry) });
}

self.onmessage = ({ data }: MessageEvent<ToIsolate>) => {
  if (data.kind === "boot") {
    boot(data).catch((error) =>
      report({ kind: "failed", reason: String(error?.stack ?? error?.message ?? error) })
    );
  } else if (data.kind === "retire") {
    isRetired = true;
    settle();
  } else {
    dispatchEvent(new CustomEvent("beforeunload", { detail: { reason: data.reason } }));
  }
};

// What a function leaves unhandled must not take the runtime, and so the others, with it.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("[functions] unhandled rejection:", event.reason);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  console.error("[functions] uncaught error:", event.error);
});
