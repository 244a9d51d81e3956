/** What is said of a query besides its filters. */
import type { SupabaseClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { outcomeOf, works } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

const authors = ({ open }: World) => open().from("authors");
/** The types of `maxAffected` want to know that PostgREST is 13 or newer. */
interface Versioned {
  __InternalSupabase: { PostgrestVersion: "13" };
  public: {
    Tables: {
      authors: {
        Row: { id: number; note: string | null };
        Insert: { id: number };
        Update: { note: string | null };
        Relationships: [];
      };
    };
    Views: Record<never, never>;
    Functions: Record<never, never>;
  };
}
const versioned = ({ open }: World) =>
  (open() as unknown as SupabaseClient<Versioned>).from("authors");
const names = (rows: { name: string }[] | null) => rows?.map(({ name }) => name).join();

const modifiersOf: Calls = {
  select: (world) =>
    outcomeOf(
      authors(world).update({ note: null }).eq("id", 2).select("name"),
      ({ data }) => assert.deepEqual(data, [{ name: "Ben" }]),
    ),
  order: (world) =>
    outcomeOf(
      authors(world).select("name").lte("id", 3).order("born", { nullsFirst: true }),
      ({ data }) => assert.equal(names(data), "Cleo,Ben,Ada"),
    ),
  "order: by what is embedded": ({ open }) =>
    outcomeOf(
      open().from("books").select("title, authors(name)").order("authors(name)", {
        ascending: false,
      }).limit(1),
      ({ data }) => assert.equal(data?.[0]?.title, "Almanack"),
    ),
  limit: (world) =>
    outcomeOf(authors(world).select("name").order("id").limit(2), ({ data }) => {
      assert.equal(names(data), "Ada,Ben");
    }),
  "limit: of what is embedded": (world) =>
    outcomeOf(
      authors(world).select("books(title)").eq("id", 1).limit(0, { referencedTable: "books" }),
      ({ data }) => assert.deepEqual(data, [{ books: [] }]),
    ),
  range: (world) =>
    outcomeOf(authors(world).select("name").order("id").range(1, 2), ({ data }) => {
      assert.equal(names(data), "Ben,Cleo");
    }),
  "range: past the end": (world) =>
    outcomeOf(authors(world).select("name", { count: "exact" }).range(1000, 1001)),
  abortSignal: async (world) => {
    const { error } = await authors(world).select().abortSignal(AbortSignal.abort());
    assert.match(String(error?.message), /abort/i);
    return works;
  },
  single: (world) =>
    outcomeOf(authors(world).select("name").eq("id", 1).single(), ({ data }) => {
      assert.equal(data?.name, "Ada");
    }),
  "single: of several": (world) => outcomeOf(authors(world).select("name").single()),
  maybeSingle: (world) =>
    outcomeOf(authors(world).select("name").eq("id", -1).maybeSingle(), ({ data }) => {
      assert.equal(data, null);
    }),
  csv: (world) =>
    outcomeOf(authors(world).select("id, name").eq("id", 1).csv(), ({ data }) => {
      assert.equal(data, "id,name\n1,Ada");
    }),
  geojson: (world) => outcomeOf(authors(world).select().limit(1).geojson()),
  explain: (world) =>
    outcomeOf(authors(world).select().explain() as PromiseLike<{ error: unknown; status: number }>),
  rollback: async (world) => {
    const row = { id: 99, name: "nobody" };
    const writing = authors(world).insert(row).select("id, name").rollback();
    return await outcomeOf(writing, async ({ data }) => {
      assert.deepEqual(data, [row]);
      assert.deepEqual((await authors(world).select().eq("id", 99)).data, []);
    });
  },
  returns: (world) =>
    outcomeOf(authors(world).select("name").eq("id", 1).returns<{ name: string }[]>()),
  overrideTypes: (world) =>
    outcomeOf(authors(world).select("name").eq("id", 1).overrideTypes<{ name: string }[]>()),
  maxAffected: (world) =>
    outcomeOf(versioned(world).update({ note: null }).eq("id", 2).maxAffected(1)),
  "maxAffected: by more than that": (world) =>
    outcomeOf(versioned(world).update({ note: "x" }).lte("id", 3).maxAffected(1)),
  stripNulls: (world) =>
    outcomeOf(authors(world).select("name, born").eq("id", 3).stripNulls(), ({ data }) => {
      assert.deepEqual(data, [{ name: "Cleo" }]);
    }),
  setHeader: (world) => outcomeOf(authors(world).select().limit(1).setHeader("x-mine", "1")),
  retry: (world) => outcomeOf(authors(world).select().limit(1).retry(false)),
  throwOnError: async ({ open }) => {
    await assert.rejects(async () => void await open().from("nothing").select().throwOnError());
    return works;
  },
};

export const modifiers: Calls = Object.fromEntries(
  Object.entries(modifiersOf).map(([name, call]) => [`from().select().${name}`, call]),
);
