import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { closeServices, createServices } from "../_shared/services.ts";
import { createRoomWatch } from "../presence/room-watch.ts";
import { ask, connect, createWorld, environment, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, admin, member, guest, outsider, agent } = world;
Deno.test.afterAll(() => sql.end());

function beat(as: Someone | "service", body: Record<string, unknown> = {}) {
  return ask("PUT", "/presence", { as, body: { workspace_id: workspace, ...body } });
}
async function present(as: Someone = admin): Promise<string[]> {
  const { body } = await ask("GET", `/presence/${workspace}`, { as });
  return body.members.map((one: { kind: string; id: string }) => `${one.kind} ${one.id}`)
    .toSorted();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it never held");
}

/** Reads server-sent events until one is wanted. */
async function follow(as: Someone, search = "") {
  const response = await fetch(
    `${environment.url}/functions/v1/presence/${workspace}/events${search}`,
    {
      headers: { authorization: `Bearer ${as.token}` },
      signal: AbortSignal.timeout(20_000), // an event that never comes is a failure, not a wait
    },
  );
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert(reader);
  let text = "";
  let whole = "";
  return {
    heard: () => whole,
    // deno-lint-ignore no-explicit-any -- events of every shape
    async next(event: string): Promise<any> {
      for (;;) {
        const found = new RegExp(`event: ${event}\\ndata: (.*)\\n\\n`).exec(text);
        if (found) {
          text = text.slice(found.index + found[0].length);
          return JSON.parse(found[1] ?? "");
        }
        const part = await reader.read();
        if (part.done) throw new Error(`the stream ended before ${event}: ${text}`);
        text += part.value;
        whole += part.value;
      }
    },
    async isAtItsEnd() {
      return (await reader.read()).done;
    },
    stop: () => reader.cancel(),
  };
}

Deno.test("members, guests too, are here with their heartbeat and gone when they leave", async () => {
  assertDeepEquals((await beat(member, { status: "busy", metadata: { page: "/" } })).body, {
    joined: true,
    expires_in: 45,
  });
  assertEquals((await beat(member)).body.joined, false);
  await beat(guest);
  assertDeepEquals(await present(), [`person ${guest.id}`, `person ${member.id}`].toSorted());
  const path = `/presence?workspace_id=${workspace}`;
  assertEquals((await ask("DELETE", path, { as: member })).body.left, true);
  assertEquals((await ask("DELETE", path, { as: member })).body.left, false);
  assertDeepEquals(await present(), [`person ${guest.id}`]);
  await ask("DELETE", path, { as: guest });
});

Deno.test("outside of the workspace there is no room", async () => {
  const refused = [
    await beat(outsider),
    await ask("GET", `/presence/${workspace}`, { as: outsider }),
    await ask("GET", `/presence/${workspace}/events`, { as: outsider }),
    await ask("PUT", "/presence/typing", {
      as: outsider,
      body: { workspace_id: workspace, conversation_id: crypto.randomUUID() },
    }),
    await ask("DELETE", `/presence?workspace_id=${workspace}`, { as: outsider }),
    await beat(admin, { agent_id: crypto.randomUUID() }),
  ];
  for (const { status, body } of refused) {
    assertDeepEquals([status, body.error.code], [404, "not_found"]);
  }
  assertDeepEquals(await present(), []);
});

Deno.test("an agent is declared present by an admin or the service, not by its users", async () => {
  assertEquals((await beat(member, { agent_id: agent })).status, 403);
  assertDeepEquals(await present(), []);
  assertEquals((await beat(admin, { agent_id: agent })).status, 200);
  assertEquals((await beat("service", { agent_id: agent })).status, 200);
  assertDeepEquals(await present(), [`agent ${agent}`]);
  await ask("DELETE", `/presence?workspace_id=${workspace}&agent_id=${agent}`, { as: "service" });
});

Deno.test("listeners hear who is here, who joins, changes, types and leaves", async () => {
  await beat(member);
  const talk = crypto.randomUUID();
  const stream = await follow(world.member, `?conversation=${talk}`);
  const { members } = await stream.next("here");
  assertDeepEquals(members.map((one: { id: string }) => one.id), [member.id]);
  await beat(admin);
  assertEquals((await stream.next("joined")).id, admin.id);
  await beat(admin, { status: "away" });
  assertEquals((await stream.next("changed")).status, "away");
  const secret = crypto.randomUUID();
  for (const conversation_id of [secret, talk]) {
    await ask("PUT", "/presence/typing", {
      as: member,
      body: { workspace_id: workspace, conversation_id },
    });
  }
  assertDeepEquals(await stream.next("typing"), {
    conversation_id: talk,
    user_id: member.id,
    is_typing: true,
  });
  await ask("PUT", "/presence/typing", {
    as: member,
    body: { workspace_id: workspace, conversation_id: talk, is_typing: false },
  });
  assertEquals((await stream.next("typing")).is_typing, false);
  await ask("DELETE", `/presence?workspace_id=${workspace}`, { as: admin });
  assertEquals((await stream.next("left")).id, admin.id);
  await stream.stop();
});

Deno.test("a guest sees themselves and the agents that they may use, and no colleague", async () => {
  const [theirs, other] = [await world.addAgent(), agent];
  await sql`
    insert into public.permissions (workspace_id, user_id, agent_id)
    values (${workspace}, ${guest.id}, ${theirs})`;
  await beat(member, { metadata: { page: "/salaries" } });
  await beat(guest);
  for (const agent_id of [theirs, other]) await beat("service", { agent_id });
  const seen = [`agent ${theirs}`, `person ${guest.id}`].toSorted();
  assertDeepEquals(await present(guest), seen);
  assertEquals((await present(member)).length, 4, "a member sees all of them");

  const talk = crypto.randomUUID();
  const [outside, inside] = await Promise.all(
    [guest, member].map((one) => follow(one, `?conversation=${talk}`)),
  );
  assert(outside && inside);
  const named = async (stream: typeof inside) =>
    (await stream.next("here")).members.map((one: { kind: string; id: string }) =>
      `${one.kind} ${one.id}`
    ).toSorted();
  assertDeepEquals(await named(outside), seen);
  assertEquals((await named(inside)).length, 4);
  // What a colleague does comes to the member; what the guest hears next is of themselves.
  await beat(admin);
  await ask("PUT", "/presence/typing", {
    as: member,
    body: { workspace_id: workspace, conversation_id: talk },
  });
  assertEquals((await inside.next("joined")).id, admin.id);
  assertEquals((await inside.next("typing")).user_id, member.id);
  await beat(guest, { status: "away" });
  assertEquals((await outside.next("changed")).id, guest.id);
  assert(!outside.heard().includes(member.id) && !outside.heard().includes(admin.id));
  // Who becomes a member sees them from then on.
  await sql`
    update public.members set role = 'member' where workspace_id = ${workspace} and user_id = ${guest.id}`;
  await until(async () => (await present(guest)).length === 5);
  await sql`
    update public.members set role = 'guest' where workspace_id = ${workspace} and user_id = ${guest.id}`;
  await Promise.all([outside.stop(), inside.stop()]);
  for (const as of [member, admin, guest]) {
    await ask("DELETE", `/presence?workspace_id=${workspace}`, { as });
  }
});

Deno.test("whoever is removed from the workspace hears no more", async () => {
  const person = await world.addPerson("member");
  const stream = await follow(person);
  await stream.next("here");
  await sql`delete from public.members where workspace_id = ${workspace} and user_id = ${person.id}`;
  assertEquals((await stream.next("end")).reason, "not_a_member");
  assert(await stream.isAtItsEnd());
});

Deno.test({
  name: "a thousand listeners of ten rooms are ten polls, and the last to go ends them",
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const services = createServices(environment);
    let reads = 0;
    const scratchpad = {
      ...services.scratchpad,
      use: <T>(work: Parameters<typeof services.scratchpad.use<T>>[0]) => {
        reads++;
        return services.scratchpad.use(work);
      },
    };
    const watch = createRoomWatch({ ...services, scratchpad });
    const rooms = Array.from({ length: 10 }, () => crypto.randomUUID());
    const told: Promise<void>[] = [];
    const endings = rooms.flatMap((room) =>
      Array.from({ length: 100 }, () => {
        let stop = () => {};
        told.push(
          new Promise((resolve) => {
            const tell = () => resolve();
            stop = watch.listen(room, { userId: null, sees: () => true, tell, end: () => {} });
          }),
        );
        return stop;
      })
    );
    await Promise.all(told);
    assertEquals(reads, 20, "two sets for each room");
    assertEquals(watch.size, 10);
    for (const stop of endings) stop();
    assertEquals(watch.size, 0);
    await closeServices(services);
  },
});
