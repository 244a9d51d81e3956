/**
 * A way to Redis that fails when a test says so, and leads to a part of it that is the test's own:
 * the stack's functions, which the database calls after each change, do not clear anything there.
 */

/** What the way does with what comes. */
export type Fault = "none" | "refuses" | "hangs";

/** A proxy of Redis' REST address. */
export interface FaultyRedis extends AsyncDisposable {
  readonly address: { url: string; token: string };
  fault: Fault;
  /** Requests that came. */
  readonly requests: number;
  /** Decides when a request is passed on, and when its answer is given back. */
  around: (body: string, pass: () => Promise<Response>) => Promise<Response>;
}

/** Opens a way into the part `part` of the Redis at `real`. Ways into the same part share it. */
export function openFaultyRedis(real: { url: string; token: string }, part: string): FaultyRedis {
  let requests = 0;
  const hanging = new Set<() => void>();

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    requests++;
    if (way.fault === "refuses") return Response.json({ error: "down" }, { status: 503 });
    if (way.fault === "hangs") {
      await new Promise<void>((resolve) => hanging.add(resolve));
      return Response.json({ error: "late" }, { status: 503 });
    }
    const body = await request.text();
    const own = body.replaceAll(/"(epoch"|agents:|floor:)/g, `"${part}:$1`);
    return await way.around(body, async () => {
      const answered = await fetch(`${real.url}${new URL(request.url).pathname}`, {
        method: "POST",
        headers: request.headers,
        body: own,
      });
      // Read whole: what waits for it may be closed before.
      return new Response(await answered.text(), answered);
    });
  });

  const way: FaultyRedis = {
    address: { url: `http://127.0.0.1:${server.addr.port}`, token: real.token },
    fault: "none",
    get requests() {
      return requests;
    },
    around: (_, pass) => pass(),
    async [Symbol.asyncDispose]() {
      for (const release of hanging) release();
      await server.shutdown();
    },
  };
  return way;
}
