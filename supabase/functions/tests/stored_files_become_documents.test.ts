import { createClient } from "@supabase/supabase-js";
import { assertEquals } from "../_shared/asserts.ts";
import { app } from "../knowledge/index.ts";
import { ask, connect, createWorld, environment, type Someone, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, admin } = world;
Deno.test.afterAll(() => sql.end());

/** Uploads a file into the person's own folder of the bucket, as themselves. */
async function upload(as: Someone, name: string, content: string | Uint8Array, type: string) {
  const client = createClient(environment.url, environment.publishableKeys.default ?? "", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { headers: { authorization: `Bearer ${as.token}` } },
  });
  const path = `${workspace}/${as.id}/${name}`;
  const { error } = await client.storage.from("attachments")
    .upload(path, content, { contentType: type });
  assertEquals(error, null);
  return { bucket: "attachments", name: path };
}
const put = (as: Someone, path: string, file: { bucket: string; name: string }) =>
  ask("POST", "/knowledge/documents", { as, body: { workspace_id: workspace, path, file } });

Deno.test("a stored text becomes a document that is found", async () => {
  const file = await upload(
    member,
    "handbook.md",
    "# Parking\n\nPark behind the house.\n",
    "text/markdown",
  );
  const { status, body } = await put(member, "handbook.parking", file);
  assertEquals(status, 201, JSON.stringify(body));
  const found = await ask("POST", "/knowledge/search", {
    as: member,
    body: { workspace_id: workspace, query: "where to park", within: "handbook" },
  });
  assertEquals(found.body.passages[0]?.path, "handbook.parking");
  const [row] = await sql`
    select source_type, storage_path, mime_type from public.documents where id = ${body.id}`;
  assertEquals(row?.source_type, "uploaded_file");
  assertEquals(row?.mime_type, "text/markdown");
  assertEquals(String(row?.storage_path).endsWith("handbook.md"), true);
});

Deno.test("a file that the caller may not read is not found, and one that is no text is refused", async () => {
  const file = await upload(member, "private.md", "Mine.", "text/markdown");
  assertEquals((await put(admin, "stolen", file)).status, 404);
  const image = await upload(member, "image.png", new Uint8Array([137, 80, 78, 71]), "image/png");
  const refused = await put(member, "image", image);
  assertEquals(refused.status, 415);
  assertEquals(refused.body.error.code, "unsupported_media_type");
});

Deno.test("a text of more than a million characters is refused as too long, a long picture as no text", async () => {
  const long = new Uint8Array(4 * 1024 * 1024).fill(97);
  for (
    const [name, content, type, status, code] of [
      ["long.md", long, "text/markdown", 413, "body_too_large"],
      ["longer.md", "a".repeat(1_000_001), "text/markdown", 413, "body_too_large"],
      ["long.png", long, "image/png", 415, "unsupported_media_type"],
      ["latin.md", new Uint8Array([233]), "text/markdown", 415, "unsupported_media_type"],
    ] as const
  ) {
    const file = await upload(member, name, content, type);
    const answered = await put(member, `lengths.${name.replace(".", "_")}`, file);
    assertEquals(answered.status, status, name);
    assertEquals(answered.body.error?.code, code, name);
  }
});

Deno.test("while Storage is away a file is neither put nor said not to be there", async () => {
  const file = await upload(member, "later.md", "Later.", "text/markdown");
  await using isolate = startIsolate({ url: "http://127.0.0.1:9" });
  const { status, body } = await isolate.ask(app, "POST", "/knowledge/documents", {
    as: member,
    body: { workspace_id: workspace, path: "later", file },
  });
  assertEquals(status, 503);
  assertEquals(body.error.code, "unavailable");
});
