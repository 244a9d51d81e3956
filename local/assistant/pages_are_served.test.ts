import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { servePages } from "./serve.ts";

const config = { url: "http://127.0.0.1:1", key: "sb_publishable_x" };

/** A folder with a page, and a file beside it that is nobody's. */
async function makeFolder() {
  const root = await Deno.makeTempDir({ prefix: "groundwork-pages-" });
  await Deno.mkdir(`${root}/dist/assets`, { recursive: true });
  await Deno.writeTextFile(`${root}/dist/index.html`, "<title>Page</title>");
  await Deno.writeTextFile(`${root}/dist/assets/a.js`, "1");
  await Deno.writeTextFile(`${root}/dist/.built-from`, "a digest");
  await Deno.writeTextFile(`${root}/secret.json`, "{}");
  return {
    folder: `${root}/dist`,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

/** What a path is answered: as it is written, which `fetch` would tidy. */
async function ask(url: string, path: string, method = "GET"): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `${method} ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

Deno.test("the page says that it is being built, and then is there, with its backend", async () => {
  await using files = await makeFolder();
  const built = Promise.withResolvers<string>();
  const pages = await servePages({ port: 0, built: built.promise, config: () => config });
  try {
    assert.match(await ask(pages.url, "/"), /^HTTP\/1\.1 503 [\s\S]*is being built/);
    assert.match(await ask(pages.url, "/config.json"), /^HTTP\/1\.1 200 [\s\S]*sb_publishable_x/);
    built.resolve(files.folder);
    await built.promise;
    assert.match(await ask(pages.url, "/"), /^HTTP\/1\.1 200 [\s\S]*<title>Page<\/title>/);
    assert.match(await ask(pages.url, "/assets/a.js"), /^HTTP\/1\.1 200 [\s\S]*text\/javascript/);
  } finally {
    await pages.stop();
  }
});

Deno.test("nothing but what was built is served", async () => {
  await using files = await makeFolder();
  const pages = await servePages({
    port: 0,
    built: Promise.resolve(files.folder),
    config: () => config,
  });
  try {
    const outside = ["/../secret.json", "/%2e%2e/secret.json", "/assets/..%2f..%2fsecret.json"];
    for (const path of [...outside, "/.built-from", "/none.js", "/%", "//secret.json"]) {
      assert.match(await ask(pages.url, path), /^HTTP\/1\.1 404 /, path);
    }
    assert.match(await ask(pages.url, "/", "POST"), /^HTTP\/1\.1 405 /);
    assert.match(await ask(pages.url, "/", "HEAD"), /^HTTP\/1\.1 200 /);
  } finally {
    await pages.stop();
  }
});

Deno.test("a page that cannot be built says so, and not why", async () => {
  const built = Promise.reject(new Error("a path of this machine"));
  const pages = await servePages({ port: 0, built, config: () => config });
  try {
    const said = await ask(pages.url, "/");
    assert.match(said, /^HTTP\/1\.1 500 [\s\S]*could not be built/);
    assert.doesNotMatch(said, /a path of this machine/);
  } finally {
    await pages.stop();
  }
});

Deno.test("no page is built with a secret key", async () => {
  const publish = fileURLToPath(new URL("./publish.ts", import.meta.url));
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", publish, "--url", "https://x.example", "--key", "sb_secret_x"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /publishable key/);
});
