import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { doEverything, signUp } from "./busy-person.ts";
import { ask } from "./world.ts";

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
