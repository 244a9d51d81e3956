import { assert, assertDeepEquals, assertEquals } from "../asserts.ts";
import { createMemberships } from "../access/memberships.ts";
import { createStandings } from "../access/standings.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { parsePosition } from "../position.ts";
import type { Need, Replica } from "./replica.ts";
import { createReplicas, type Reader } from "./replicas.ts";

/** A primary that answers whatever it is asked with this, and counts. */
function fakePrimary(rows: unknown[], position = "0/100") {
  const asked: string[] = [];
  const database = {
    run(build: (sql: unknown) => unknown) {
      const text = String(build((parts: TemplateStringsArray) => parts.join("?")));
      asked.push(text);
      return Promise.resolve(/log_position/.test(text) ? [{ position, role: "member" }] : rows);
    },
  } as unknown as Database;
  return { database, asked };
}

function fakeReplica(answer: (need: Need) => unknown, isIn = true) {
  const needs: Need[] = [];
  const replica: Replica = {
    isIn,
    openings: 0,
    // deno-lint-ignore require-await -- what it throws is to be a rejection
    async read<Result>(need: Need) {
      needs.push(need);
      return { rows: answer(need) as Result, position: parsePosition("0/200")! };
    },
    readPieces: () => Promise.reject(new Error("not asked here")),
    close: () => Promise.resolve(),
  };
  return { replica, needs };
}

async function readerAt(
  database: Database,
  consistency: Reader["consistency"] = "cached",
): Promise<Reader> {
  const standings = createStandings(database, createMemberships(database));
  return { standing: await standings.ofMember("person", "workspace"), consistency };
}

const build = (sql: (parts: TemplateStringsArray) => string) => sql`select rows`;
const wanted = { build } as never;

Deno.test("a replica is asked with what let the reader in or what they have seen, whichever is later", async () => {
  const { database } = fakePrimary([]);
  const { replica, needs } = fakeReplica(() => ["theirs"]);
  const replicas = createReplicas(database, [replica]);
  const seen = ["0/1", "0/100", "0/101"].map((text) => ({ atPosition: parsePosition(text)! }));
  for (const consistency of ["cached" as const, ...seen]) {
    const read = await replicas.read(await readerAt(database, consistency), wanted);
    assertDeepEquals(read, {
      rows: ["theirs"],
      isFromReplica: true,
      headers: { "x-answered-from": "replica", "x-position": "0/200" },
    });
  }
  assertDeepEquals(needs, [
    { position: 0x100n, isFromPrimary: true },
    { position: 0x100n, isFromPrimary: true },
    { position: 0x100n, isFromPrimary: true },
    { position: 0x101n, isFromPrimary: false }, // only the client says so: it counts against nobody
  ]);
});

Deno.test("a replica that fails, refuses or finds nothing is no answer: the primary's is", async () => {
  const { database } = fakePrimary(["ours"]);
  for (
    const answer of [
      () => {
        throw Object.assign(new Error("late"), { code: "55000" });
      },
      () => {
        throw new ApiError(404, "not_found", "Its own refusal.");
      },
      () => [],
    ]
  ) {
    const { replica, needs } = fakeReplica(answer);
    const replicas = createReplicas(database, [replica]);
    const isFound = (rows: unknown) => (rows as unknown[]).length > 0;
    const read = await replicas.read(
      await readerAt(database),
      { ...wanted as object, isFound } as never,
    );
    assertDeepEquals([read.rows, read.isFromReplica], [["ours"], false]);
    assertEquals(read.headers["x-answered-from"], "database");
    assertEquals(needs.length, 1);
  }
});

Deno.test("fresh, a revision, or nobody let in: no replica is asked; one that is out neither", async () => {
  const { database } = fakePrimary(["ours"]);
  const inside = fakeReplica(() => ["theirs"]);
  const outside = fakeReplica(() => ["theirs"], false);
  const readers = [
    await readerAt(database, "fresh"),
    await readerAt(database, { atLeast: 7 }),
    { standing: null, consistency: "cached" as const },
  ];
  for (const reader of readers) {
    const read = await createReplicas(database, [inside.replica]).read(reader, wanted);
    assertDeepEquals(read.rows, ["ours"]);
  }
  await createReplicas(database, [outside.replica]).read(await readerAt(database), wanted);
  assertDeepEquals([inside.needs, outside.needs], [[], []]);
  // The twin: one that is in is found beside one that is out.
  const both = createReplicas(database, [outside.replica, inside.replica]);
  for (let n = 0; n < 2; n++) {
    assert((await both.read(await readerAt(database), wanted)).isFromReplica);
  }
});

Deno.test("without replicas nothing is told and nothing asked besides the reading", async () => {
  const { database, asked } = fakePrimary(["ours"]);
  const replicas = createReplicas(database, []);
  const read = await replicas.read({ standing: null, consistency: "cached" }, wanted);
  assertDeepEquals(read, { rows: ["ours"], isFromReplica: false, headers: {} });
  const response = await replicas.tellPosition(new Response());
  assertEquals(response.headers.get("x-position"), null);
  assertDeepEquals(asked, ["select rows"]);
});

Deno.test("a write that went well tells its position, a refusal none", async () => {
  const { database } = fakePrimary([]);
  const replicas = createReplicas(database, [fakeReplica(() => []).replica]);
  const positionOf = async (status: number) =>
    (await replicas.tellPosition(new Response(null, { status }))).headers.get("x-position");
  assertDeepEquals([await positionOf(200), await positionOf(404)], ["0/100", null]);
});
