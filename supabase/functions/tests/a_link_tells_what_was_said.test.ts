/** Somebody who is signed in nowhere follows a link, until it is revoked. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app } from "../shared/index.ts";
import { ask, connect, createWorld, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member } = world;
Deno.test.afterAll(() => sql.end());

async function share(): Promise<{ token: string; link: string }> {
  const talk = crypto.randomUUID();
  await sql`update public.profiles set display_name = 'Mia' where user_id = ${member.id}`;
  await sql`
    insert into public.conversations (id, workspace_id, user_id, title)
    values (${talk}, ${workspace}, ${member.id}, 'Leave')`;
  await sql`
    select private.add_message(${talk}, '[{"type": "text", "text": "Hello"}]', 'user', null, null, null,
      '[]', '{}', null, null, null)`;
  const [made] = await sql`select link_id, token from public.create_share_link(${talk})`;
  return { token: made?.token, link: made?.link_id };
}

Deno.test("a link tells what was said, without signing in, until its owner revokes it", async () => {
  const { token, link } = await share();
  const { status, headers, body } = await ask("GET", `/shared/${token}`);
  assertEquals(status, 200);
  assertEquals(headers.get("cache-control"), "no-store");
  assertDeepEquals(Object.keys(body).sort(), ["by", "created_at", "messages", "title"]);
  assertDeepEquals(body.messages[0].parts, [{ type: "text", text: "Hello" }]);
  assertEquals(body.by, "Mia");
  assert(!JSON.stringify(body).includes(member.id), "nobody's id is told");
  await sql`select public.revoke_share_link(${link})`;
  assertEquals((await ask("GET", `/shared/${token}`)).status, 404);
});

Deno.test("what is no link is told nothing, whatever it looks like", async () => {
  for (const token of ["0".repeat(64), "x", "%00", `${"0".repeat(63)}g`, crypto.randomUUID()]) {
    const { status, body } = await ask("GET", `/shared/${token}`);
    assertDeepEquals([status, body.error.code], [404, "not_found"], token);
  }
});

Deno.test("who tries tokens is stopped before the database is asked", async () => {
  await using isolate = startIsolate();
  const { anonymous } = isolate.services.environment.rateLimits;
  const headers = { "x-forwarded-for": "203.0.113.7" };
  const statuses: number[] = [];
  for (let tried = 0; tried <= anonymous; tried++) {
    statuses.push((await isolate.ask(app, "GET", "/shared/x", { headers })).status);
  }
  assertEquals(statuses.at(-1), 429);
  assertEquals(statuses.at(0), 404);
});
