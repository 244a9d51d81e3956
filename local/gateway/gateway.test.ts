import assert from "node:assert/strict";
import { createFrontDoor } from "./front-door.ts";
import { openGateway } from "./gateway.ts";
import { findTarget } from "./routes.ts";

/** What lies behind the door in these tests: says how it was asked, and speaks WebSocket and events. */
function startOrigin(name: string) {
  const left = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      if (request.headers.get("upgrade") === "websocket") {
        const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "one" });
        socket.onmessage = ({ data }) =>
          data === "end" ? socket.close(4001, "as asked") : socket.send(data);
        return response;
      }
      if (pathname.endsWith("/events")) {
        const events = new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
          cancel: () => left.resolve(),
        });
        return new Response(events, { headers: { "content-type": "text/event-stream" } });
      }
      const headers = new Headers({ "x-name": name });
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      return Response.json({
        name,
        path: pathname + search,
        method: request.method,
        host: request.headers.get("host"),
        body: await request.text(),
      }, { status: pathname.endsWith("/teapot") ? 418 : 200, headers });
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    left: left.promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function startDoor(api: string, own: string) {
  const gateway = await openGateway(0);
  await gateway.serve([
    { prefix: "/rest/v1", origin: api },
    { prefix: "/rest/v1/deeper", origin: own },
    { prefix: "/functions/v1", as: "", origin: own, ownCors: true },
  ]);
  return {
    url: `http://127.0.0.1:${gateway.port}`,
    [Symbol.asyncDispose]: () => gateway.stop(),
  };
}

Deno.test("the longest prefix decides, and only whole parts of a path count", () => {
  const routes = [
    { prefix: "/a", origin: "http://127.0.0.1:1" },
    { prefix: "/a/b", origin: "http://127.0.0.1:2", as: "" },
  ];
  assert.equal(findTarget(routes, "/a/x?y")?.path, "/a/x?y");
  assert.equal(findTarget(routes, "/a/b?y")?.path, "/?y");
  assert.equal(findTarget(routes, "/a/b/c")?.path, "/c");
  assert.equal(findTarget(routes, "/a/bc")?.port, 1);
  assert.equal(findTarget(routes, "/ab"), null);
});

Deno.test("what is asked and answered passes the door as it is", async () => {
  await using api = startOrigin("api");
  await using own = startOrigin("own");
  await using door = await startDoor(api.origin, own.origin);
  const body = "x".repeat(3_000_000);
  const answer = await fetch(`${door.url}/rest/v1/teapot?a=%20b`, { method: "PATCH", body });
  assert.equal(answer.status, 418);
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.deepEqual(await answer.json(), {
    name: "api",
    path: "/rest/v1/teapot?a=%20b",
    method: "PATCH",
    host: new URL(door.url).host,
    body,
  });
  assert.equal((await (await fetch(`${door.url}/rest/v1/deeper/x`)).json()).name, "own");
  const head = await fetch(`${door.url}/functions/v1/f/x`, { method: "HEAD" });
  assert.equal(head.headers.get("x-name"), "own");
  const { path } = await (await fetch(`${door.url}/functions/v1/f/x`)).json();
  assert.equal(path, "/f/x");
});

Deno.test("a page may ask with every header that supabase-js sends, and read the answer", async () => {
  await using api = startOrigin("api");
  await using door = await startDoor(api.origin, api.origin);
  const asked = "authorization,apikey,traceparent,tracestate,baggage,sentry-trace,idempotency-key";
  for (const path of ["/rest/v1/things", "/rest/v1"]) {
    const allowed = await fetch(door.url + path, {
      method: "OPTIONS",
      headers: {
        origin: "https://page.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": asked,
      },
    });
    await allowed.body?.cancel();
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get("access-control-allow-origin"), "*");
    assert.equal(allowed.headers.get("access-control-allow-headers"), asked);
    assert.match(allowed.headers.get("access-control-allow-methods") ?? "", /PATCH/);
  }
  const answer = await fetch(`${door.url}/rest/v1/things`, {
    headers: { origin: "https://page.example" },
  });
  await answer.body?.cancel();
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match(answer.headers.get("access-control-expose-headers") ?? "", /content-range/);
});

Deno.test("what has CORS of its own is asked for its preflights, and nothing is added to its answers", async () => {
  await using api = startOrigin("api");
  await using door = await startDoor(api.origin, api.origin);
  const answer = await fetch(`${door.url}/functions/v1/f`, {
    method: "OPTIONS",
    headers: { "access-control-request-method": "POST" },
  });
  assert.equal((await answer.json()).method, "OPTIONS");
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
});

Deno.test("a path that nobody answers, and an answerer that is gone, are errors that a page can read", async () => {
  await using door = await startDoor("http://127.0.0.1:1", "http://127.0.0.1:1");
  for (const [path, status] of [["/nowhere", 404], ["/rest/v1/x", 502]] as const) {
    const answer = await fetch(door.url + path);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.equal(typeof (await answer.json()).message, "string");
  }
});

Deno.test("a WebSocket passes byte for byte: protocol, messages, the other's close code", async () => {
  await using own = startOrigin("own");
  await using door = await startDoor(own.origin, own.origin);
  const socket = new WebSocket(`${door.url.replace("http", "ws")}/functions/v1/f`, ["one", "two"]);
  socket.binaryType = "arraybuffer";
  const heard: unknown[] = [];
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  const echoed = Promise.withResolvers<void>();
  socket.onopen = () => {
    socket.send("a");
    socket.send(new Uint8Array(200_000).fill(7));
  };
  socket.onmessage = ({ data }) => {
    heard.push(data);
    if (heard.length === 2) echoed.resolve();
  };
  await echoed.promise;
  assert.equal(socket.protocol, "one");
  assert.equal(heard[0], "a");
  assert.deepEqual(new Uint8Array(heard[1] as ArrayBuffer), new Uint8Array(200_000).fill(7));
  socket.send("end");
  const { code, reason } = await closed;
  assert.deepEqual([code, reason], [4001, "as asked"]);
});

Deno.test("events come as they are sent, and who leaves is noticed behind the door", async () => {
  await using own = startOrigin("own");
  await using door = await startDoor(own.origin, own.origin);
  const leaving = new AbortController();
  const answer = await fetch(`${door.url}/rest/v1/events`, { signal: leaving.signal });
  const reader = answer.body?.getReader();
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), "data: 1\n\n");
  leaving.abort();
  await own.left;
});

Deno.test("a request that came before the stack was ready is answered when it is", async () => {
  await using api = startOrigin("api");
  const gateway = await openGateway(0);
  const asked = fetch(`http://127.0.0.1:${gateway.port}/rest/v1/early`);
  await gateway.serve([{ prefix: "/rest/v1", origin: api.origin }]);
  assert.equal((await (await asked).json()).path, "/rest/v1/early");
  await gateway.stop();
});

Deno.test("a handler that throws leaves the door open", async () => {
  await using api = startOrigin("api");
  const { hostname, port } = new URL(api.origin);
  const door = createFrontDoor((path) => {
    if (path === "/throws") throw new Error("as asked");
    return { host: hostname, port: Number(port), path, ownCors: false };
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", () => resolve()));
  const address = door.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const failed = await fetch(`${url}/throws`);
  await failed.body?.cancel();
  assert.equal(failed.status, 502);
  assert.equal((await (await fetch(`${url}/fine`)).json()).path, "/fine");
  door.closeAllConnections();
  await new Promise((resolve) => door.close(resolve));
});

Deno.test("a body of unknown length arrives with every method, and the next request finds its own answer", async () => {
  await using api = startOrigin("api");
  await using door = await startDoor(api.origin, api.origin);
  for (const method of ["DELETE", "POST", "PUT", "PATCH"]) {
    const body = new Blob(["{}", "x".repeat(100)]).stream();
    const answer = await fetch(`${door.url}/rest/v1/x`, { method, body });
    assert.equal((await answer.json()).body.length, 102, method);
  }
  assert.equal((await (await fetch(`${door.url}/rest/v1/next`)).json()).path, "/rest/v1/next");
});

Deno.test("an idle connection is the asker's to end: no answer announces that the door will", async () => {
  await using api = startOrigin("api");
  await using door = await startDoor(api.origin, api.origin);
  for (const path of ["/rest/v1/x", "/nobody"]) {
    const answer = await fetch(`${door.url}${path}`);
    await answer.body?.cancel();
    assert.equal(answer.headers.get("keep-alive"), null);
  }
});
