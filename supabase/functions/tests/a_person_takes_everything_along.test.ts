import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { serve } from "../_shared/http/app.ts";
import { app as account } from "../account/index.ts";
import { doEverything, signUp } from "./busy-person.ts";
import { ask, connect, createWorld, environment, startIsolate } from "./world.ts";

Deno.test({
  name: "the archive of a person has all that is theirs, and nothing of another",
  sanitizeResources: false, // connections to Redis and Storage are kept by fetch
  sanitizeOps: false,
  async fn() {
    const mark = crypto.randomUUID().slice(0, 8);
    const person = await signUp(`Ann.Lee-${mark}@archive.example`);
    const twin = await signUp(`jo_ann.lee-${mark}@archive.example`);
    await doEverything(person);
    await doEverything(twin);
    const { status, body: archive } = await ask("POST", "/account/export", { as: person });
    assertEquals(status, 200);
    assertDeepEquals([archive.format, archive.person.id], [1, person.id]);
    const counts = Object.fromEntries(
      Object.entries(archive.tables).map(([name, rows]) => [name, (rows as unknown[]).length]),
    );
    for (
      const [name, least] of Object.entries({
        profiles: 1,
        members: 2,
        permissions: 1,
        invitations: 1,
        audit_log: 8,
        billing_events: 3,
        "storage.objects": 1,
        "auth.users": 1,
        "auth.identities": 1,
      })
    ) assert((counts[name] ?? 0) >= least, `the archive has ${counts[name]} of ${name}`);
    assert(!JSON.stringify(archive).includes("token_hash"));
    assert(!JSON.stringify(archive).includes(twin.id), "nothing of the twin");
  },
});

Deno.test({
  name: "an archive that is left half-way is left alone, and a long one arrives whole",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await using sql = closing(connect());
    const { workspace, member } = await createWorld(sql.it);
    const entries = 2000;
    await sql.it`
      insert into public.audit_log (workspace_id, actor_id, action, detail)
      select ${workspace}, ${member.id}, 'report.exported', jsonb_build_object('words', repeat('word ', 600))
      from generate_series(1, ${entries})`;
    const headers = {
      authorization: `Bearer ${member.token}`,
      apikey: environment.publishableKeys.default ?? "",
    };
    const exporting = () =>
      fetch(`${environment.url}/functions/v1/account/export`, { method: "POST", headers });
    // More often than an isolate has connections, and than a person may at once.
    for (let time = 0; time < 2; time++) {
      const reader = await until200(exporting);
      await reader.read();
      await reader.cancel();
    }
    const reader = await until200(exporting);
    const bytes = new Blob(await Array.fromAsync(parts(reader)));
    const archive = JSON.parse(await bytes.text());
    const kept = archive.tables.audit_log as { action: string }[];
    assertEquals(kept.filter(({ action }) => action === "report.exported").length, entries);
    assert(bytes.size > 5 * 1024 * 1024);
  },
});

Deno.test({
  name: "who asks for an archive and does not read it is in nobody's way",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await using sql = closing(connect());
    const { member, admin } = await createWorld(sql.it);
    // As many connections as an isolate has without a pooler: one of them may read a long answer.
    await using isolate = startIsolate({ poolSize: 2 });
    const unread = await serve(account, () => isolate.services).fetch(
      new Request("http://localhost/account/export", {
        method: "POST",
        headers: { authorization: `Bearer ${member.token}` },
      }),
    );
    assertEquals(unread.status, 200);
    await eventually("the other has theirs", async () => {
      const { status } = await isolate.ask(account, "POST", "/account/export", { as: admin });
      return status === 200;
    });
    const archive = await unread.json();
    assertEquals(archive.person.id, member.id);
  },
});

function closing(it: ReturnType<typeof connect>) {
  return { it, [Symbol.asyncDispose]: () => it.end() };
}

/** The place of one that was left is free a moment later. */
async function until200(send: () => Promise<Response>) {
  for (let time = 0; time < 100; time++) {
    const response = await send();
    if (response.status === 200 && response.body) return response.body.getReader();
    await response.body?.cancel();
    assert([429, 503].includes(response.status), `answered ${response.status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("no place came free");
}

async function* parts(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}
