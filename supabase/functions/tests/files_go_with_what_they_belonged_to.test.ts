/** Files of conversations and workspaces that are no more are removed, with their bytes, also when Storage was away. */
import { createClient } from "@supabase/supabase-js";
import { assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { app } from "../files/index.ts";
import { connect, createWorld, environment, type Someone, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member } = world;
// The stack's own job rests: these tests say when Storage is asked.
await sql`update cron.job set active = false where jobname = 'remove-files'`;
Deno.test.afterAll(async () => {
  await sql`update cron.job set active = true where jobname = 'remove-files'`;
  await sql.end();
});

function drill(claim: string, fn: () => Promise<void>): void {
  // supabase-js keeps its connections and a timer.
  Deno.test({ name: claim, fn, sanitizeResources: false, sanitizeOps: false });
}

function filesOf(as: Someone, bucket = "attachments") {
  return createClient(environment.url, environment.publishableKeys.default ?? "", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { headers: { authorization: `Bearer ${as.token}` } },
  }).storage.from(bucket);
}

async function upload(as: Someone, path: string, bucket?: string): Promise<string> {
  const { error } = await filesOf(as, bucket).upload(path, "said", { contentType: "image/png" });
  assertEquals(error, null, String(error));
  return path;
}

/** Whether Storage still has the bytes, asked with the secret key: rows alone would not show it. */
async function isStored(path: string, bucket = "attachments"): Promise<boolean> {
  const key = environment.secretKeys.default ?? "";
  const response = await fetch(`${environment.url}/storage/v1/object/${bucket}/${path}`, {
    headers: { apikey: key, authorization: `Bearer ${key}` },
  });
  await response.body?.cancel();
  return response.ok;
}

/** A conversation of the member's with a file. */
async function talkWithFile(of = workspace, person = member) {
  const [talk] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${of}, ${person.id}) returning id`;
  const id = talk?.id ?? "";
  return { id, file: await upload(person, `${of}/${person.id}/${id}/notes.png`) };
}

/** Deleted so long ago that it is purged now. */
async function purge(id: string): Promise<void> {
  await sql`update public.conversations set deleted_at = now() - interval '31 days' where id = ${id}`;
  await sql`select private.purge_conversations()`;
}

async function removeFiles(url: string = environment.url) {
  await using isolate = startIsolate({ url });
  const { status, body } = await isolate.ask(app, "POST", "/files/remove-due", { as: "service" });
  return { status, removed: body.removed as number | undefined, code: body.error?.code };
}

async function foldersToEmpty(of = workspace): Promise<number> {
  const rows = await sql`select from private.folders_to_empty where workspace_id = ${of}`;
  return rows.length;
}

/** Storage behind somebody who answers the first deletions otherwise. */
function startFaultyStorage(faults: ((request: Request) => Response | null)[]) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const fault = request.method === "DELETE" ? faults.shift()?.(request) : null;
    if (fault) return fault;
    const { pathname } = new URL(request.url);
    const answered = await fetch(`${environment.url}${pathname}`, {
      method: request.method,
      headers: request.headers,
      body: await request.arrayBuffer(),
    });
    return new Response(await answered.arrayBuffer(), { status: answered.status });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

drill("a deleted conversation hides its files at once, and a purged one leaves none", async () => {
  const gone = await talkWithFile();
  const kept = await talkWithFile();
  const own = await upload(member, `${workspace}/${member.id}/own-${gone.id}.png`);
  const reads = async (path: string) => (await filesOf(member).download(path)).error === null;
  assertDeepEquals([await reads(gone.file), await reads(kept.file), await reads(own)], [
    true,
    true,
    true,
  ]);
  await sql`update public.conversations set deleted_at = now() where id = ${gone.id}`;
  assertDeepEquals([await reads(gone.file), await reads(kept.file), await reads(own)], [
    false,
    true,
    true,
  ]);
  assertEquals((await filesOf(member).upload(`${gone.file}.png`, "x")).error === null, false);
  assertEquals((await removeFiles()).status, 200);
  assertEquals(await isStored(gone.file), true, "it may still be restored");
  await purge(gone.id);
  assertEquals(await reads(gone.file), false);
  assertEquals((await removeFiles()).status, 200);
  assertDeepEquals(
    [await isStored(gone.file), await isStored(kept.file), await isStored(own)],
    [false, true, true],
  );
  assertEquals(await foldersToEmpty(), 0);
});

drill("while Storage is away nothing is forgotten, and when it is back the files go", async () => {
  const { id, file } = await talkWithFile();
  await purge(id);
  assertDeepEquals(await removeFiles("http://127.0.0.1:9"), {
    status: 503,
    removed: undefined,
    code: "unavailable",
  });
  assertDeepEquals([await isStored(file), await foldersToEmpty()], [true, 1]);
  {
    await using faulty = startFaultyStorage([
      () => new Response("busy", { status: 500 }),
      () => Response.json([]), // says that all is well, and did nothing
    ]);
    assertEquals((await removeFiles(faulty.url)).status, 503);
    assertEquals((await removeFiles(faulty.url)).status, 503, "what is kept is noticed");
    assertDeepEquals([await isStored(file), await foldersToEmpty()], [true, 1]);
    assertEquals((await removeFiles(faulty.url)).status, 200);
  }
  assertDeepEquals([await isStored(file), await foldersToEmpty()], [false, 0]);
});

drill(
  "a folder of more files than are removed at once is emptied, and keeps no other waiting",
  async () => {
    const many = await talkWithFile();
    const few = await talkWithFile();
    const folder = many.file.replace(/notes.png$/, "");
    await sql`
    insert into storage.objects (bucket_id, name)
    select 'attachments', ${folder} || n || '.png' from generate_series(1, 250) as n`;
    await purge(many.id);
    await purge(few.id);
    const [first] = await sql`
    select count(*) filter (where name = ${few.file}) as few, count(*) as all
    from private.take_objects_to_remove()`;
    assertDeepEquals([first?.few, first?.all], [1, 100]);
    // As the job does: again, as long as something is left.
    do assertEquals((await removeFiles()).status, 200); while (await foldersToEmpty() > 0);
    assertDeepEquals([await isStored(few.file), await isStored(many.file)], [false, false]);
  },
);

drill(
  "a workspace that is purged leaves no file and no picture, and others keep theirs",
  async () => {
    const gone = await createWorld(sql);
    const { file } = await talkWithFile(gone.workspace, gone.member);
    const loose = await upload(gone.member, `${gone.workspace}/${gone.member.id}/loose.png`);
    const me = await upload(gone.member, `${gone.workspace}/${gone.member.id}/me.png`, "avatars");
    const ours = await upload(member, `${workspace}/${member.id}/me.png`, "avatars");
    await sql`update public.workspaces set deleted_at = now() - interval '31 days' where id = ${gone.workspace}`;
    await sql`select private.purge()`;
    assertEquals((await removeFiles()).status, 200);
    assertDeepEquals([await isStored(file), await isStored(loose), await isStored(me, "avatars")], [
      false,
      false,
      false,
    ]);
    assertEquals(await isStored(ours, "avatars"), true);
    assertEquals(await foldersToEmpty(gone.workspace), 0);
  },
);

drill("the database's own call removes them", async () => {
  const { id, file } = await talkWithFile();
  await purge(id);
  await sql`select private.request_file_removal()`;
  await eventually("the call has been made", async () => !(await isStored(file)));
});

drill("the service removes them, and people do not", async () => {
  await using isolate = startIsolate();
  const ask = (as: Someone | "service" | "nobody") =>
    isolate.ask(app, "POST", "/files/remove-due", { as });
  assertDeepEquals(
    [(await ask("service")).status, (await ask(world.owner)).status, (await ask("nobody")).status],
    [200, 401, 401],
  );
});
