import assert from "node:assert/strict";
import { Redis } from "@upstash/redis";
import { until } from "../fixture.ts";
import { isDebian } from "./install.ts";
import { startStackRedis } from "./redis.ts";
import { findRedis } from "./server.ts";

const quiet = () => {};

Deno.test({
  name: "Redis behind the gateway answers Upstash's client",
  ignore: await findRedis() === null,
  async fn(test) {
    const stack = await startStackRedis("auto", "a-token", quiet);
    assert.ok(stack);
    const client = new Redis({
      url: stack.restUrl,
      token: "a-token",
      retry: false,
      enableTelemetry: false,
    });
    const raw = (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(stack.restUrl + path, {
        method: "POST",
        headers: { authorization: "Bearer a-token", ...headers },
        body: JSON.stringify(body),
      });

    await test.step("values come back as they went in, also those that look like a status", async () => {
      for (const value of ["OK", "ümläut \u0000 🙂", '{"a":1}', ""]) {
        await client.set("k", value);
        assert.deepEqual(await (await raw("/", ["GET", "k"])).json(), { result: value });
      }
      await client.set("object", { nested: [1, "zwei"] });
      assert.deepEqual(await client.get("object"), { nested: [1, "zwei"] });
      assert.equal(await client.get("absent"), null);
      assert.equal(await client.ping(), "PONG");
    });

    await test.step("a script gets its keys and arguments", async () => {
      const script =
        "redis.call('set', KEYS[1], ARGV[1]); return {redis.call('get', KEYS[1]), 7, false}";
      assert.deepEqual(await client.eval(script, ["k"], ["v"]), ["v", 7, null]);
    });

    await test.step("a pipeline answers each command for itself, errors included", async () => {
      const answers =
        await (await raw("/pipeline", [["SET", "n", 1], ["LPUSH", "n", "x"], ["INCR", "n"]]))
          .json();
      assert.equal(answers[0].result, "OK");
      assert.match(answers[1].error, /^WRONGTYPE/);
      assert.equal(answers[2].result, 2);
    });

    await test.step("a transaction runs whole, or not at all when a command is malformed", async () => {
      await client.set("n", 1);
      assert.deepEqual(await client.multi().incr("n").incr("n").exec(), [2, 3]);
      const refused = await raw("/multi-exec", [["INCR", "n"], ["NOSUCHCOMMAND"]]);
      assert.equal(refused.status, 400);
      assert.match((await refused.json()).error, /^EXECABORT/);
      assert.equal(await client.get("n"), 3);
    });

    await test.step("transactions of many callers do not mix on the shared connection", async () => {
      await client.set("n", 0);
      const runs = await Promise.all(
        Array.from(
          { length: 50 },
          () => client.multi().incr("n").incr("n").exec<[number, number]>(),
        ),
      );
      for (const [first, second] of runs) assert.equal(second, first + 1);
    });

    await test.step("a command in the path works, a wrong token and a malformed body do not", async () => {
      const headers = { authorization: "Bearer a-token" };
      const got = await fetch(`${stack.restUrl}/set/by%20path/v`, { headers });
      assert.deepEqual(await got.json(), { result: "OK" });
      assert.equal(await client.get("by path"), "v");
      assert.equal((await raw("/", ["PING"], { authorization: "Bearer other" })).status, 401);
      assert.equal((await raw("/", { not: "a command" })).status, 400);
      assert.equal((await raw("/", ["SUBSCRIBE", "c"])).status, 400);
    });

    await test.step("while Redis is killed the gateway answers 5xx, and after the restart Redis is empty", async () => {
      await client.set("before", "x");
      await stack.kill();
      const refused = await raw("/", ["GET", "before"]);
      assert.equal(refused.status, 503);
      assert.match((await refused.json()).error, /not reachable/);
      await assert.rejects(client.get("before"));
      await stack.restart();
      assert.equal(await client.get("before"), null);
    });

    await stack.stop();
  },
});

Deno.test({
  name: "Redis ends when the stack is killed and cannot end it",
  ignore: await findRedis() === null,
  async fn() {
    const module = new URL("./server.ts", import.meta.url).href;
    const script = `import { findRedis, startRedis } from "${module}";
      console.log((await startRedis(await findRedis())).port);
      await new Promise(() => setInterval(() => {}, 1000));`;
    const stack = new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      stdout: "piped",
    }).spawn();
    const reader = stack.stdout.getReader();
    const port = Number(new TextDecoder().decode((await reader.read()).value));
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    stack.kill("SIGKILL");
    await reader.cancel();
    await stack.status;
    await until(
      "Redis is gone",
      () =>
        Deno.connect({ hostname: "127.0.0.1", port }).then((connection) => {
          connection.close();
          return false;
        }, () => true),
    );
  },
});

Deno.test("Redis is only installed on Debian and its children", () => {
  assert.ok(isDebian('NAME="Debian"\nID=debian\n'));
  assert.ok(isDebian('ID=linuxmint\nID_LIKE="ubuntu debian"\n'));
  assert.ok(!isDebian('ID="fedora"\nID_LIKE="rhel"\n'));
  assert.ok(!isDebian(""));
});

Deno.test("without Redis the stack says so", async () => {
  const lines: string[] = [];
  assert.equal(await startStackRedis("none", "t", (line) => lines.push(line)), null);
  assert.match(lines.join(), /Postgres/);
});
