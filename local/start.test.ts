import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { until } from "./fixture.ts";
import { findFreePort, isAnswering } from "./ports.ts";
import { findRedis } from "./redis/server.ts";

const command = fileURLToPath(new URL("./start.ts", import.meta.url));

/** Runs the command as a person would; `text` grows as it speaks. */
function run(args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", command, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = { text: "" };
  const listen = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const part of stream) said.text += decoder.decode(part, { stream: true });
  };
  const silence = Promise.all([listen(child.stdout), listen(child.stderr)]);
  return {
    said,
    kill: (signal: Deno.Signal) => child.kill(signal),
    async ended(): Promise<number> {
      const { code } = await child.status;
      await silence;
      return code;
    },
  };
}

Deno.test("the start command tells what it started, and Ctrl-C ends all of it", async () => {
  const stateDir = await Deno.makeTempDir();
  const [port, dbPort, appPort] = [findFreePort(), findFreePort(), findFreePort()];
  const args = [
    "--port",
    `${port}`,
    "--db-port",
    `${dbPort}`,
    "--app-port",
    `${appPort}`,
    "--state-dir",
    stateDir,
    "--no-install",
  ];
  const stack = run(args);
  await until(
    "the stack is ready and has told all",
    () => /Sign in as[\s\S]*@acme/.test(stack.said.text),
    60,
  );
  assert.match(stack.said.text, new RegExp(`API URL +http://127\\.0\\.0\\.1:${port}\n`));
  assert.match(stack.said.text, /Publishable key +sb_publishable_/);
  assert.match(stack.said.text, /Secret key +sb_secret_/);
  assert.match(stack.said.text, /groundwork-demo/);
  const config = await (await fetch(`http://127.0.0.1:${appPort}/config.json`)).json();
  assert.equal(config.url, `http://127.0.0.1:${port}`);
  assert.match(config.key, /^sb_publishable_/);
  assert.equal(config.demo.people.length, 6);
  assert.match(
    stack.said.text,
    new RegExp(`Assistant \\(a page\\) +http://127\\.0\\.0\\.1:${appPort}\n`),
  );
  const redisPort = Number(/redis-server on port (\d+)/.exec(stack.said.text)?.[1] ?? 0);
  assert.equal(redisPort > 0, await findRedis() !== null);

  const second = run(args);
  assert.equal(await second.ended(), 1);
  assert.match(second.said.text, new RegExp(`Port ${port}, wanted for the API, is taken`));

  stack.kill("SIGINT");
  assert.equal(await stack.ended(), 0);
  // Where there is no Redis there is no port of it.
  for (const ended of [port, dbPort, appPort, redisPort].filter((known) => known > 0)) {
    assert.equal(await isAnswering(ended), false, `port ${ended}`);
  }
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test("the start command refuses what it does not know", async () => {
  for (const args of [["--prot", "1"], ["--port", "many"]]) {
    const refused = run(args);
    assert.equal(await refused.ended(), 2);
    assert.match(refused.said.text, /npm start -- \[options\]/);
  }
});
