import assert from "node:assert/strict";
import { makeProject, until } from "../fixture.ts";
import { openGateway } from "../gateway/gateway.ts";
import { openState } from "../state.ts";
import { writeConfig } from "./import-map.ts";
import { platformVersion } from "./platform-deno.ts";
import { startRuntime } from "./runtime-process.ts";

const says = (text: string) => `Deno.serve(() => new Response(${JSON.stringify(text)}));`;

/** A project's functions behind a front door, without anything else of a stack. */
async function startFunctions(files: Record<string, string>, wallClock = 600) {
  const project = await makeProject(
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [`functions/${path}`, text]),
    ),
  );
  const state = await openState(null, project.root);
  const cacheDir = `${state.cacheDir}/platform`;
  await Deno.mkdir(cacheDir, { recursive: true });
  const gateway = await openGateway(0);
  const env = { OWN_SECRET: "s", SUPABASE_ANON_KEY: "sb_publishable_x" };
  const folder = `${project.root}/supabase/functions`;
  await gateway.serve([], { folder, env, cacheDir, wallClock });
  const url = `http://127.0.0.1:${gateway.port}/functions/v1`;
  return {
    url,
    write: (path: string, text: string) => writeFile(`${folder}/${path}`, text),
    async ask(path: string) {
      const answer = await fetch(`${url}/${path}`);
      return { status: answer.status, text: await answer.text(), headers: answer.headers };
    },
    async [Symbol.asyncDispose]() {
      await gateway.stop();
      await state.close();
      await project[Symbol.asyncDispose]();
    },
  };
}

async function writeFile(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

Deno.test("functions of every form run beside each other, on the platform's Deno", async (test) => {
  await using functions = await startFunctions({
    "deno.json": JSON.stringify({ imports: { "shared-word": "./_shared/word.ts" } }),
    "_shared/word.ts": `export const word = "shared";`,
    "template/index.ts": `
      import "jsr:@supabase/functions-js/edge-runtime.d.ts";
      Deno.serve(async (request) => {
        const { name } = await request.json();
        return Response.json({ message: \`Hello \${name}!\` });
      });`,
    "exported/index.ts": `
      import { word } from "shared-word";
      export default { fetch: () => Response.json({
        word,
        deno: Deno.version.deno,
        anon: Deno.env.get("SUPABASE_ANON_KEY"),
        names: Object.keys(Deno.env.toObject()).sort(),
        waits: typeof EdgeRuntime.waitUntil,
      }) };`,
    "own/deno.json": `{
      // the template's own form
      "imports": {
        "@supabase/functions-js": "jsr:@supabase/functions-js@^2",
        "pick": "./pick.ts",
        "zod": "npm:zod@4.6.7",
      },
    }`,
    "own/pick.ts": `export const pick = "own";`,
    "own/index.ts": `
      import "@supabase/functions-js/edge-runtime.d.ts";
      import { pick } from "pick";
      import { z } from "zod";
      Deno.serve({ port: 1234 }, () => Response.json(z.object({ pick: z.string() }).parse({ pick })));`,
    "throws/index.ts": `Deno.serve(() => { throw new Error("as asked"); });`,
    "stray/index.ts":
      `Deno.serve(() => { setTimeout(() => { throw new Error("left alone"); }); return new Response("fine"); });`,
    "unbootable/index.ts": `import "npm-that-is-not-named"; ${says("never")}`,
    "ignores/index.ts": `Deno.serve(async (request) => {
      if (request.url.endsWith("/some")) {
        const reader = request.body.getReader();
        await reader.read();
        await reader.cancel();
      }
      return new Response("too much", { status: 413 });
    });`,
    "node/index.ts": `
      import { createServer } from "node:http";
      const server = createServer((request, response) => {
        request.resume();
        response.writeHead(201, { "x-own": request.headers["x-own"] ?? "" });
        response.end("by node, " + request.url);
      });
      server.on("upgrade", (request, connection) => {
        connection.write("HTTP/1.1 101 Go\\r\\nconnection: upgrade\\r\\nupgrade: echo\\r\\n\\r\\n");
        connection.on("data", (heard) => connection.write(heard));
      });
      server.listen(3000);`,
    "counts/index.ts": `let calls = 0; Deno.serve(() => new Response(String(++calls)));`,
  });

  await test.step("the CLI's template answers", async () => {
    const body = JSON.stringify({ name: "Functions" });
    const answer = await fetch(`${functions.url}/template`, { method: "POST", body });
    assert.deepEqual(await answer.json(), { message: "Hello Functions!" });
  });

  await test.step("an exported fetch answers, with the shared imports and exactly its environment", async () => {
    assert.deepEqual(JSON.parse((await functions.ask("exported")).text), {
      word: "shared",
      deno: platformVersion,
      anon: "sb_publishable_x",
      names: ["OWN_SECRET", "SUPABASE_ANON_KEY"],
      waits: "function",
    });
  });

  await test.step("a function with a deno.json of its own has its own imports", async () => {
    assert.deepEqual(JSON.parse((await functions.ask("own")).text), { pick: "own" });
  });

  await test.step("a server of node:http answers, and is given the connection of an upgrade", async () => {
    const asked = await functions.ask("node/a?b");
    assert.deepEqual([asked.status, asked.text], [201, "by node, /node/a?b"]);
    const { hostname, port, pathname } = new URL(functions.url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const say = (text: string) => connection.write(new TextEncoder().encode(text));
    const room = new Uint8Array(4096);
    const hear = async () =>
      new TextDecoder().decode(room.subarray(0, await connection.read(room) ?? 0));
    await say(
      `GET ${pathname}/node HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n`,
    );
    assert.match(await hear(), /^HTTP\/1.1 101 /);
    await say("heard");
    assert.equal(await hear(), "heard");
  });

  await test.step("one that throws, now or later, or cannot boot, takes no other along", async () => {
    assert.equal((await functions.ask("counts")).text, "1");
    const thrown = await functions.ask("throws");
    assert.equal(thrown.status, 500);
    assert.doesNotMatch(thrown.text, /as asked/);
    assert.equal((await functions.ask("stray")).text, "fine");
    const unbootable = await functions.ask("unbootable");
    assert.deepEqual([unbootable.status, JSON.parse(unbootable.text).code], [503, "BOOT_ERROR"]);
    assert.equal(unbootable.headers.get("access-control-allow-origin"), "*");
    assert.equal((await functions.ask("counts")).text, "2");
  });

  await test.step("an answer arrives also when the function read nothing, or half, of what it was sent", async () => {
    for (const path of ["none", "some"]) {
      const body = "x".repeat(3_000_000);
      const answer = await fetch(`${functions.url}/ignores/${path}`, { method: "POST", body });
      assert.deepEqual([answer.status, await answer.text()], [413, "too much"], path);
    }
  });

  await test.step("a folder that appears is served, and one that changes is served anew", async () => {
    assert.equal((await functions.ask("later")).status, 404);
    await functions.write("later/index.ts", says("first"));
    assert.equal((await functions.ask("later")).text, "first");
    await functions.write("later/index.ts", says("second"));
    await until("the change", async () => (await functions.ask("later")).text === "second");
    await functions.write("unbootable/index.ts", says("mended"));
    await until("the mend", async () => (await functions.ask("unbootable")).text === "mended");
  });
});

/** Says who it is; `/wait` answers late, `/hold` keeps the isolate by waitUntil, a WebSocket just stays open. */
const mortal = `
  const self = crypto.randomUUID();
  addEventListener("beforeunload", (event) => console.log("[mortal] told", event.detail.reason));
  Deno.serve(async (request) => {
    const { pathname } = new URL(request.url);
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      const closed = new Promise((resolve) => socket.onclose = resolve);
      if (pathname.endsWith("/held")) EdgeRuntime.waitUntil(closed);
      socket.onmessage = () => socket.send(self);
      return response;
    }
    if (pathname.endsWith("/wait")) await new Promise((resolve) => setTimeout(resolve, 4500));
    return new Response(self);
  });`;

Deno.test("isolates are retired as on the platform", async (test) => {
  const files = { "mortal/index.ts": mortal, "other/index.ts": mortal };
  await using functions = await startFunctions(files, 8);
  const [first, other] = [await functions.ask("mortal"), await functions.ask("other")];
  const connect = async (path: string) => {
    const socket = new WebSocket(`${functions.url.replace("http", "ws")}/${path}`);
    const closed = new Promise<string>((resolve) => socket.onclose = () => resolve(path));
    socket.onerror = () => {};
    await new Promise((resolve) => socket.onopen = resolve);
    socket.send("who?");
    const who = await new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
    return { who, closed };
  };

  await test.step("until half its wall clock one isolate answers all", async () => {
    assert.equal((await functions.ask("other")).text, other.text);
  });
  const held = await connect("mortal/held");
  const loose = await connect("other/loose");
  const late = functions.ask("other/wait");

  await test.step("then a new one does, and the old one stays for what it has not answered", async () => {
    await until("another answers", async () => (await functions.ask("other")).text !== other.text);
    assert.equal((await late).text, other.text);
  });

  await test.step("what waitUntil holds outlives a socket that nothing holds, until the wall clock", async () => {
    assert.equal(held.who, first.text);
    // Unheld it would have ended first: it was there before the other, which also had an answer to give.
    assert.equal(await Promise.race([held.closed, loose.closed]), "other/loose");
    await held.closed;
  });
});

/** One isolate of a runtime of its own, which ends when it is left. */
async function bootAlone(text: string) {
  const project = await makeProject({ "functions/alone/index.ts": text });
  const config = await writeConfig(null);
  const cacheDir = `${project.root}/cache`;
  await Deno.mkdir(cacheDir);
  const gone = Promise.withResolvers<void>();
  const runtime = await startRuntime({ config, cacheDir, env: {}, onGone: () => gone.resolve() });
  const entry = `file://${project.root}/supabase/functions/alone/index.ts`;
  return {
    runtime,
    port: await runtime.boot({ id: "one", name: "alone", entry, wallClock: 600_000 }),
    gone: gone.promise,
    async [Symbol.asyncDispose]() {
      await runtime.stop();
      await project[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a server of node:http is retired when all that it got is answered and nothing is held", async () => {
  const text = `
    import { createServer } from "node:http";
    createServer((request, response) => setTimeout(() => response.end("late"), 300))
      .on("upgrade", (request, connection) => setTimeout(() => {
        connection.write("HTTP/1.1 101 Go\\r\\nconnection: upgrade\\r\\nupgrade: x\\r\\n\\r\\n");
      }, 2500)).listen(1);`;
  await using isolate = await bootAlone(text);
  const { port, runtime } = isolate;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const asked = "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
  await connection.write(new TextEncoder().encode(asked));
  const late = fetch(`http://127.0.0.1:${port}/`);
  runtime.leave("one");
  assert.equal(await (await late).text(), "late");
  const room = new Uint8Array(20);
  assert.equal(await connection.read(room), 20, "it waited for the handshake");
  await isolate.gone;
});

Deno.test("who was answered by an isolate that is left gets all of the answer, however late they came", async () => {
  const streams = `
    const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    Deno.serve(() => {
      const { readable, writable } = new TransformStream();
      const writer = writable.getWriter();
      const saying = (async () => {
        for (let part = 0; part < 7; part++, await pause(100)) {
          await writer.write(new TextEncoder().encode(String(part)));
        }
        await writer.close();
      })();
      EdgeRuntime.waitUntil(saying);
      return new Response(readable);
    });`;
  await using isolate = await bootAlone(streams);
  const { port, runtime } = isolate;
  runtime.leave("one");
  // Each begins when the one before is over: between two of them the isolate holds nothing.
  for (let request = 0; request < 4; request++) {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await response.text(), "0123456");
  }
  await isolate.gone;
});
