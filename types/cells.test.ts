/** A client goes where its workspace is, and goes along once when it is told that the workspace has moved. */
import assert from "node:assert/strict";
import { openWorkspace } from "./cells.ts";
import { createGroundworkClient } from "./client.ts";

const workspace = "00000000-0000-4000-be00-000000000001";

interface Asked {
  url: string;
  headers: Headers;
}

/** Cells that answer by their host; what was asked of them is written down. */
function cells(answers: Record<string, (path: string) => [number, unknown]>) {
  const asked: Asked[] = [];
  async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const url = new URL(String(input));
    asked.push({ url: url.href, headers: new Headers(init?.headers) });
    const [status, body] = answers[url.host]?.(url.pathname) ?? [404, {}];
    return await Promise.resolve(
      new Response(JSON.stringify(body), {
        status,
        headers: { "content-type": "application/json" },
      }),
    );
  }
  return { asked, fetch };
}

const at = (name: string) => ({
  cell: name,
  region: "eu",
  url: `https://${name}.example`,
  publishable_key: `key-${name}`,
  status: "elsewhere",
  revision: 1,
});
const options = (fetch: typeof globalThis.fetch) => ({
  global: { fetch },
  auth: { persistSession: false, autoRefreshToken: false },
});

Deno.test("a client goes to the cell that its home names, and asks once", async () => {
  const { asked, fetch } = cells({
    "home.example": () => [200, at("two")],
    "two.example": () => [200, []],
  });
  const home = createGroundworkClient("https://home.example", "key-home", options(fetch));
  const here = await openWorkspace(home, workspace, options(fetch));
  await here.from("agents").select("id").throwOnError();
  await here.functions.invoke(`presence/${workspace}`, { method: "GET" });
  assert.deepEqual(asked.map(({ url }) => new URL(url).host), [
    "home.example",
    "two.example",
    "two.example",
  ]);
  assert.deepEqual(asked.slice(1).map(({ headers }) => headers.get("apikey")), [
    "key-two",
    "key-two",
  ]);
  assert.deepEqual(asked.map(({ headers }) => headers.get("x-workspace-id")), [
    null,
    null,
    workspace,
  ]);
});

Deno.test("one project alone has one client", async () => {
  const { fetch } = cells({
    "home.example": () => [200, { ...at("home"), cell: null, url: null, publishable_key: null }],
  });
  const home = createGroundworkClient("https://home.example", "key-home", options(fetch));
  assert.equal(await openWorkspace(home, workspace, options(fetch)), home);
});

Deno.test("a stranger is told that there is no such workspace", async () => {
  const { fetch } = cells({ "home.example": () => [404, { code: "not_found", message: "" }] });
  const home = createGroundworkClient("https://home.example", "key-home", options(fetch));
  await assert.rejects(openWorkspace(home, workspace, options(fetch)), { code: "not_found" });
});

for (
  const [form, body] of Object.entries({
    "a function's": {
      error: { code: "misdirected_workspace", message: "", details: at("three") },
    },
    "the Data API's": {
      code: "misdirected_workspace",
      message: "",
      details: JSON.stringify(at("three")),
    },
  })
) {
  Deno.test(`${form} 421 is followed, once, and remembered`, async () => {
    const { asked, fetch } = cells({
      "home.example": () => [200, at("two")],
      "two.example": () => [421, body],
      "three.example": () => [200, []],
    });
    const home = createGroundworkClient("https://home.example", "key-home", options(fetch));
    const here = await openWorkspace(home, workspace, options(fetch));
    await here.from("agents").select("id").throwOnError();
    await here.from("agents").select("id").throwOnError();
    assert.deepEqual(asked.map(({ url }) => new URL(url).host), [
      "home.example",
      "two.example",
      "three.example",
      "three.example",
    ]);
    assert.equal(asked.at(-1)?.headers.get("apikey"), "key-three");
  });
}

Deno.test("two cells that send to each other are asked once each", async () => {
  const from = (name: string) => (): [number, unknown] => [421, {
    error: { code: "misdirected_workspace", message: "", details: at(name) },
  }];
  const { asked, fetch } = cells({
    "home.example": () => [200, at("two")],
    "two.example": from("three"),
    "three.example": from("two"),
  });
  const home = createGroundworkClient("https://home.example", "key-home", options(fetch));
  const here = await openWorkspace(home, workspace, options(fetch));
  const { error } = await here.functions.invoke("presence", { method: "GET" });
  assert.ok(error);
  assert.equal(asked.length, 3);
});
