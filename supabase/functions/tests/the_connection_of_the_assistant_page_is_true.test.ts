import { assert, assertEquals } from "../_shared/asserts.ts";
import { serve } from "../_shared/http/app.ts";
import { app } from "../connections/index.ts";
import { letJobRun, startOpenIsolate } from "./connections-world.ts";
import { marker, startProvider } from "./oauth-server.ts";
import { connect, environment } from "./world.ts";

const PROJECT = new URL("../../../", import.meta.url);

/** The stack as it is, but for `connections`, whose providers may be on loopback here. */
function startFront() {
  const listening = Promise.withResolvers<string>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => listening.resolve(`http://127.0.0.1:${port}`),
  }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const path = /^\/functions\/v1(\/connections\/.*)$/.exec(pathname)?.[1];
    const { isolate } = await front;
    return path
      ? serve(app, () => isolate.services).fetch(
        new Request(`${environment.url}${path}${search}`, request),
      )
      : fetch(new Request(`${environment.url}${pathname}${search}`, request));
  });
  const front = listening.promise.then((url) => ({
    url,
    isolate: startOpenIsolate({ publicUrl: url }),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await (await front).isolate[Symbol.asyncDispose]();
    },
  }));
  return front;
}

Deno.test("docs/connect.ts prints what docs/assistant.md says", async () => {
  const page = await Deno.readTextFile(new URL("docs/assistant.md", PROJECT));
  const promised = page.match(/```text\n([\s\S]*?)```/g)?.[2]?.slice("```text\n".length, -3);
  const sql = connect();
  await letJobRun(sql, false);
  await using provider = await startProvider(sql);
  await using front = await startFront();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "docs/connect.ts", front.url],
      ...[environment.publishableKeys.default ?? "", provider.name],
    ],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  try {
    const printed = new Response(child.stdout).text();
    // The person: opens what the script names, agrees, and is sent back by the provider.
    let told = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      told += part;
      const [, page] = /^Open (\S+)$/m.exec(told) ?? [];
      if (!page) continue;
      told = told.replace("Open", "Opened");
      const back = await fetch(page); // and follows the provider's redirect
      const answered = await back.text();
      assertEquals(back.status, 200, answered);
      assert(!answered.includes(marker), "the browser never sees a token");
    }
    const { code } = await child.status;
    assertEquals(code, 0, told);
    assertEquals(await printed, promised);
    assertEquals(provider.state.revoked.length > 0, true, "the provider was told");
  } finally {
    await letJobRun(sql, true);
    await sql.end();
  }
});
