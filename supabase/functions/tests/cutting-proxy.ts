/** A way to the stack that breaks off the answers it passes on, as networks do. */
import { environment } from "./world.ts";

/** It, on a free port of loopback. */
export interface CuttingProxy extends AsyncDisposable {
  url: string;
  /** Answers that were broken off. */
  readonly cuts: number;
  /** Breaks off what is being passed on now. */
  cut(): void;
}

/**
 * Starts one.
 *
 * @param bytes after so many an event stream is broken off, in the middle of whatever it was
 */
export function startCuttingProxy(bytes = Infinity): CuttingProxy {
  let cuts = 0;
  const open = new Set<() => void>();

  function passOn(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let left = bytes;
    let cutNow = () => {};
    return new ReadableStream({
      start(controller) {
        cutNow = () => {
          if (!open.delete(cutNow)) return;
          cuts++;
          controller.error(new Error("cut"));
          reader.cancel().catch(() => {});
        };
        open.add(cutNow);
      },
      async pull(controller) {
        const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
        if (!open.has(cutNow)) return;
        if (done || !value) {
          open.delete(cutNow);
          return controller.close();
        }
        if (left > 0) controller.enqueue(value.subarray(0, left));
        left = Math.max(left - value.length, 0);
        // What was passed on before is heard first: breaking off throws away what is on its way.
        if (left === 0) setTimeout(cutNow, 20);
      },
      cancel() {
        open.delete(cutNow);
        reader.cancel().catch(() => {});
      },
    });
  }

  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, onError: () => new Response(null) },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.delete("host");
      const response = await fetch(`${environment.url}${pathname}${search}`, {
        method: request.method,
        headers,
        body: request.method === "GET" ? null : await request.arrayBuffer(),
        signal: request.signal,
      });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      const body = isStream && response.body ? passOn(response.body) : response.body;
      const { status } = response;
      return new Response(body, {
        status,
        headers: { "content-type": response.headers.get("content-type") ?? "text/plain" },
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    get cuts() {
      return cuts;
    },
    cut() {
      for (const one of [...open]) one();
    },
    async [Symbol.asyncDispose]() {
      for (const one of [...open]) one();
      await server.shutdown();
    },
  };
}
