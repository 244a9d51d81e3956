/**
 * A replica that lies: whatever it is asked, it says yes. Nobody gets in by it. That nothing which authorises can even
 * be given one is said by the types, which `npm run check` holds this file to.
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createMemberships } from "../_shared/access/memberships.ts";
import { createPermissions } from "../_shared/access/permissions.ts";
import { createStandings, type Standing } from "../_shared/access/standings.ts";
import type { Replica } from "../_shared/replicas/replica.ts";
import { createReplicas, type Replicas } from "../_shared/replicas/replicas.ts";
import { app as access } from "../access/index.ts";
import { app as agents } from "../agents/index.ts";
import { app as context } from "../context/index.ts";
import { app as knowledge } from "../knowledge/index.ts";
import { app as memory } from "../memory/index.ts";
import { connect, createWorld, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, outsider, agent } = world;
Deno.test.afterAll(() => sql.end());

/** All that any reader could wish for, and each permission that there is. */
const lie = {
  allowed: true,
  administers: true,
  role: "owner",
  reason: "granted",
  revision: 1_000_000,
  agents: [{ id: agent, workspace_id: workspace, reason: "granted", until: null }],
  workspace_id: workspace,
  position: "FFFFFFFF/FFFFFFFF",
  prompt: '{"lie":true}',
  content: "a lie",
};

function startLiar() {
  const isolate = startIsolate({}, false); // a lie is of no shape
  let asked = 0;
  const liar: Replica = {
    isIn: true,
    openings: 0,
    read<Result>() {
      asked++;
      return Promise.resolve({ rows: [lie] as Result, position: 0xffff_ffff_ffff_ffffn });
    },
    readPieces: () => Promise.reject(new Error("not asked here")),
    close: () => Promise.resolve(),
  };
  const { database } = isolate.services;
  Object.assign(isolate.services, { replicas: createReplicas(database, [liar]) });
  return { isolate, asked: () => asked };
}

Deno.test("who may not read is told so by the primary; the replica that would lie is not asked", async () => {
  const { isolate, asked } = startLiar();
  await using _ = isolate;
  const searches = (as: typeof member) =>
    Promise.all([
      isolate.ask(knowledge, "POST", "/knowledge/search", {
        as,
        body: { workspace_id: workspace, query: "x" },
      }),
      isolate.ask(memory, "POST", "/memory/search", { as, body: { workspace_id: workspace } }),
    ]);
  for (const { status } of await searches(outsider)) assertEquals(status, 404);
  assertEquals(asked(), 0);
  // The twin: of whoever may, the replica is believed.
  const [found, recalled] = await searches(member);
  assertDeepEquals(found?.body.passages.map((one: { content: string }) => one.content), ["a lie"]);
  assertDeepEquals(recalled?.body.memories.length, 1);
  assertEquals(asked(), 2);
});

Deno.test("a prompt that the replica shows to somebody outside is not shown", async () => {
  const { isolate, asked } = startLiar();
  await using _ = isolate;
  const path = `/context/of/${crypto.randomUUID()}`;
  assertEquals((await isolate.ask(context, "GET", path, { as: outsider })).status, 404);
  const shown = await isolate.ask(context, "GET", path, { as: member });
  assertDeepEquals([shown.status, shown.body], [200, { lie: true }]);
  assertEquals(asked(), 2);
});

Deno.test("every permission check is the primary's, whatever the replica would say", async () => {
  const { isolate, asked } = startLiar();
  await using _ = isolate;
  const check = (headers: Record<string, string> = {}) =>
    isolate.ask(agents, "GET", `/agents/${agent}/access`, { as: member, headers });
  for (const said of ["cached", "fresh", "at-least:0/1", "at-least:FFFFFFFF/FFFFFFFF"]) {
    const { status, body } = await check({ "x-consistency": said });
    assertDeepEquals([status, body.allowed, body.reason], [200, false, "not_granted"]);
  }
  const listed = await isolate.ask(agents, "GET", "/agents", { as: member });
  assertDeepEquals(listed.body.agents, []);
  const evaluated = await isolate.ask(access, "POST", "/access/v1/evaluation", {
    as: member,
    body: {
      subject: { type: "user", id: member.id },
      resource: { type: "agent", id: agent },
      action: { name: "can_use" },
    },
  });
  assertEquals(evaluated.body.decision, false);
  assertEquals(asked(), 0);
  // The twin: granted on the primary, it is granted.
  await sql`
    insert into public.permissions (workspace_id, agent_id, user_id) values (${workspace}, ${agent}, ${member.id})`;
  assertEquals((await check({ "x-consistency": "at-least:0/1" })).body.allowed, true);
});

/** Never run: it is enough that none of these lines compiles. */
export function whatDoesNotCompile(replicas: Replicas, replica: Replica): void {
  const { services } = startIsolate();
  // @ts-expect-error -- permissions are not read from a replica
  createPermissions(replica, services.scratchpad);
  // @ts-expect-error -- nor from the isolate's replicas
  createPermissions(replicas, services.scratchpad);
  // @ts-expect-error -- nor memberships
  createMemberships(replica);
  // @ts-expect-error -- nor what lets a reader ask a replica
  createStandings(replica, services.memberships);
  // @ts-expect-error -- only the access room makes a standing: none can be made up
  const standing: Standing = { position: 0n };
  // @ts-expect-error -- and nobody reads without one
  replicas.read({ consistency: "cached" }, { build: (sql) => sql`select 1` });
  assert(standing);
}
