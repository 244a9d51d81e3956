import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { ask, connect, createWorld, environment, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, owner, admin, member, guest, outsider } = world;
Deno.test.afterAll(() => sql.end());

interface Limit {
  name: string;
  used: number;
  allowed: number;
}

async function limitOf(name: string, as: Someone | "service", query = ""): Promise<Limit> {
  const { status, body } = await ask("GET", `/usage${query}`, { as });
  assertEquals(status, 200);
  const here = body.workspaces.find((one: { workspace_id: string }) =>
    one.workspace_id === workspace
  );
  return here.limits.find((one: Limit) => one.name === name);
}

Deno.test("members and the service see what is used of what, guests and outsiders nothing", async () => {
  for (const as of [owner, admin, member]) {
    const { used, allowed } = await limitOf("seats", as);
    assertDeepEquals([used, allowed], [3, 10]);
  }
  assertEquals((await limitOf("agents", "service", `?workspace=${workspace}`)).used, 1);
  for (const as of [guest, outsider]) {
    assertDeepEquals((await ask("GET", "/usage", { as })).body, { workspaces: [] });
    const { status } = await ask("GET", `/usage?workspace=${workspace}`, { as });
    assertEquals(status, 404);
  }
  assertEquals((await ask("GET", "/usage", { as: "service" })).status, 400);
  assertEquals((await ask("GET", "/usage")).status, 401);
});

Deno.test("supabase-js is told which limit it ran into, what is used, and how to go on", async () => {
  await sql`
    insert into public.workspace_limits (workspace_id, name, value) values (${workspace}, 'agents', 2)`;
  const client = createGroundworkClient(
    environment.url,
    environment.publishableKeys.default ?? "",
    {
      accessToken: () => Promise.resolve(admin.token),
    },
  );
  const add = () =>
    client.from("agents").insert({
      workspace_id: workspace,
      slug: `a-${crypto.randomUUID().slice(0, 8)}`,
      name: "A",
      endpoint_url: "https://agent.example/",
    });
  assertEquals((await add()).error, null);
  const { error, status } = await add();
  assertDeepEquals([status, error?.code], [403, "limit_reached"]);
  assertDeepEquals(JSON.parse(error?.details ?? ""), {
    limit: "agents",
    used: 2,
    allowed: 2,
    unit: "agents",
    frees_at: null,
  });
  assertDeepEquals((await limitOf("agents", admin)).used, 2);
});
