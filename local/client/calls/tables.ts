/** Reading and writing tables, and calling the database's functions. */
import assert from "node:assert/strict";
import { outcomeOf } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

const { authors, ada } = {
  authors: ({ open }: World) => open().from("authors"),
  ada: { id: 1, name: "Ada" },
};
let last = 100;
/** A row that nobody has yet. */
const aRow = () => ({ id: ++last, name: `author ${last}` });

export const tables: Calls = {
  "from": (world) =>
    outcomeOf(world.open().from("authors").select("id").eq("id", 1), ({ data }) => {
      assert.deepEqual(data, [{ id: 1 }]);
    }),
  "schema": (world) =>
    outcomeOf(world.open().schema("public").from("authors").select("id").eq("id", 1)),
  "schema: one that is not served": (world) =>
    outcomeOf(world.open().schema("private").from("authors").select()),
  "schema().from": (world) =>
    outcomeOf(world.open().schema("public").from("authors").select("id").limit(1)),
  "schema().schema": (world) =>
    outcomeOf(world.open().schema("public").schema("public").from("authors").select("id").limit(1)),
  "schema().rpc": (world) =>
    outcomeOf(world.open().schema("public").rpc("add", { a: 1, b: 2 }), ({ data }) => {
      assert.equal(data, 3);
    }),
  "getOpenApiSpec": ({ open }) =>
    outcomeOf(open("secret").getOpenApiSpec(), ({ data }) => assert.ok(data)),
  "schema().getOpenApiSpec": ({ open }) =>
    outcomeOf(open("secret").schema("public").getOpenApiSpec(), ({ data }) => assert.ok(data)),
  "rpc": ({ open }) =>
    outcomeOf(open().rpc("add", { a: 1, b: 2 }), ({ data }) => assert.equal(data, 3)),
  "rpc: by GET, of rows, filtered and counted": ({ open }) =>
    outcomeOf(
      open().rpc("authors_called", { wanted: "Ada" }, { get: true, count: "exact" })
        .select("id").gt("id", 0),
      ({ data, count }) => assert.deepEqual([data, count], [[{ id: 1 }], 1]),
    ),
  "rpc: by HEAD": ({ open }) =>
    outcomeOf(
      open().rpc("authors_called", { wanted: "Ada" }, { head: true, count: "exact" }),
      ({ count }) => assert.equal(count, 1),
    ),
  "rpc: one that is not there": ({ open }) => outcomeOf(open().rpc("nothing")),
  "from().select": (world) =>
    outcomeOf(authors(world).select("id, name").eq("id", 1), ({ data }) => {
      assert.deepEqual(data, [ada]);
    }),
  "from().select: renamed, cast, a part of JSON": (world) =>
    outcomeOf(
      authors(world).select("called:name, id::text, facts->tea").eq("id", 1),
      ({ data }) => assert.deepEqual(data, [{ called: "Ada", id: "1", tea: true }]),
    ),
  "from().select: others embedded": (world) =>
    outcomeOf(authors(world).select("name, books(title)").eq("id", 1), ({ data }) => {
      assert.deepEqual(data, [{ name: "Ada", books: [{ title: "Notes" }] }]);
    }),
  "from().select: only with others (`!inner`), filtered by them": (world) =>
    outcomeOf(
      authors(world).select("name, books!inner(title)").eq("books.title", "Notes"),
      ({ data }) => assert.equal(data?.length, 1),
    ),
  "from().select: others spread (`...`)": ({ open }) =>
    outcomeOf(
      open().from("books").select("title, ...authors(name)").eq("title", "Notes"),
      ({ data }) => assert.deepEqual(data, [{ title: "Notes", name: "Ada" }]),
    ),
  "from().select: how many others": (world) =>
    outcomeOf(authors(world).select("name, books(count)").eq("id", 1), ({ data }) => {
      assert.deepEqual(data, [{ name: "Ada", books: [{ count: 1 }] }]);
    }),
  "from().select: sums of a whole table": (world) =>
    outcomeOf(authors(world).select("id.max()"), ({ data }) => assert.ok(data)),
  "from().select: counted exactly": (world) =>
    outcomeOf(authors(world).select("id", { count: "exact" }).lte("id", 3), ({ count }) => {
      assert.equal(count, 3);
    }),
  "from().select: counted by the plan": (world) =>
    outcomeOf(authors(world).select("id", { count: "planned" }), ({ count }) => {
      assert.equal(typeof count, "number");
    }),
  "from().select: counted by estimate, without rows": (world) =>
    outcomeOf(
      authors(world).select("id", { count: "estimated", head: true }),
      ({ count, data }) => assert.deepEqual([typeof count, data], ["number", null]),
    ),
  "from().insert": (world) => {
    const row = aRow();
    return outcomeOf(authors(world).insert(row).select("id, name").single(), ({ data }) => {
      assert.deepEqual(data, row);
    });
  },
  "from().insert: several, defaults where something is missing": (world) => {
    const [first, second] = [{ ...aRow(), tags: ["a"] }, aRow()];
    const options = { defaultToNull: false, count: "exact" } as const;
    return outcomeOf(authors(world).insert([first, second], options), async ({ count }) => {
      assert.equal(count, 2);
      const ids = [first.id, second.id];
      const { data } = await authors(world).select("tags").in("id", ids).order("id");
      assert.deepEqual(data, [{ tags: ["a"] }, { tags: [] }]);
    });
  },
  "from().insert: what is there already": (world) => outcomeOf(authors(world).insert(ada)),
  "from().upsert": async (world) => {
    const row = aRow();
    await authors(world).insert(row);
    const changed = { ...row, note: "changed" };
    return outcomeOf(authors(world).upsert(changed).select("id, name, note"), ({ data }) => {
      assert.deepEqual(data, [changed]);
    });
  },
  "from().upsert: by another unique column": async (world) => {
    const row = aRow();
    await authors(world).insert(row);
    const given = { ...row, note: "by its name" };
    return outcomeOf(
      authors(world).upsert(given, { onConflict: "name" }).select("note"),
      ({ data }) => assert.deepEqual(data, [{ note: "by its name" }]),
    );
  },
  "from().upsert: leaving alone what is there": (world) =>
    outcomeOf(
      authors(world).upsert({ ...ada, note: "lost" }, { ignoreDuplicates: true }).select("id"),
      ({ data }) => assert.deepEqual(data, []),
    ),
  "from().update": async (world) => {
    const row = aRow();
    await authors(world).insert(row);
    const changing = authors(world).update({ note: "new" }, { count: "exact" }).eq("id", row.id);
    return outcomeOf(changing.select("note"), ({ data, count }) => {
      assert.deepEqual([data, count], [[{ note: "new" }], 1]);
    });
  },
  "from().update: without a filter": (world) => outcomeOf(authors(world).update({ note: "all" })),
  "from().delete": async (world) => {
    const row = aRow();
    await authors(world).insert(row);
    return outcomeOf(authors(world).delete().eq("id", row.id).select("id"), ({ data }) => {
      assert.deepEqual(data, [{ id: row.id }]);
    });
  },
  "from().delete: without a filter": (world) => outcomeOf(authors(world).delete()),
};
