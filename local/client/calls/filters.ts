/** Every filter, on three authors: Ada, Ben and Cleo. */
import assert from "node:assert/strict";
import { outcomeOf } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

const three = (world: World) => world.open().from("authors").select("name").lte("id", 3);
type Query = ReturnType<typeof three>;

/** A call with a filter that leaves these. */
const leaves = (names: string, filter: (query: Query) => Query) => (world: World) =>
  outcomeOf(filter(three(world)).order("name"), ({ data }) => {
    assert.equal(data?.map(({ name }) => name).join(), names);
  });
const found = "found";

const filtersOf: Calls = {
  eq: leaves("Ada", (query) => query.eq("name", "Ada")),
  "eq: a part of JSON": leaves("Ada", (query) => query.eq("facts->tea", true)),
  "eq: a part of JSON, as text": leaves("Ada", (query) => query.eq("facts->>tea", "true")),
  "eq: a text in JSON": leaves("Ada", (query) => query.eq("facts->name", '"The \\"first\\""')),
  neq: leaves("Ben,Cleo", (query) => query.neq("name", "Ada")),
  gt: leaves("Ben,Cleo", (query) => query.gt("id", 1)),
  gte: leaves("Ada,Ben,Cleo", (query) => query.gte("id", 1)),
  lt: leaves("Ben", (query) => query.lt("born", "1800-01-01")),
  lte: leaves("Ada", (query) => query.lte("id", 1)),
  like: leaves("Ada", (query) => query.like("name", "A%")),
  likeAllOf: leaves("Ada", (query) => query.likeAllOf("name", ["A%", "%a"])),
  likeAnyOf: leaves("Ada,Ben", (query) => query.likeAnyOf("name", ["A%", "B%"])),
  ilike: leaves("Ada", (query) => query.ilike("name", "a%")),
  ilikeAllOf: leaves("Ada", (query) => query.ilikeAllOf("name", ["a%", "%A"])),
  ilikeAnyOf: leaves("Ada,Ben", (query) => query.ilikeAnyOf("name", ["a%", "b%"])),
  regexMatch: leaves("Ben", (query) => query.regexMatch("name", "^B.n$")),
  regexIMatch: leaves("Ben", (query) => query.regexIMatch("name", "^b.N$")),
  is: leaves("Cleo", (query) => query.is("born", null)),
  isDistinct: leaves("Ada,Cleo", (query) => query.isDistinct("born", "1706-01-17")),
  in: leaves("Ada,Cleo", (query) => query.in("name", ["Ada", "Cleo"])),
  notIn: leaves("Ben", (query) => query.notIn("name", ["Ada", "Cleo"])),
  contains: leaves("Ada,Ben", (query) => query.contains("tags", ["maths"])),
  "contains: within JSON": leaves("Ada", (query) => query.contains("facts", { tea: true })),
  containedBy: leaves("Ben,Cleo", (query) => query.containedBy("tags", ["maths"])),
  overlaps: leaves("Ada", (query) => query.overlaps("tags", ["first", "last"])),
  rangeGt: leaves("Ada", (query) => query.rangeGt("years", "[1700,1800)")),
  rangeGte: leaves("Ada,Ben", (query) => query.rangeGte("years", "[1700,1710)")),
  rangeLt: leaves("Ben", (query) => query.rangeLt("years", "[1800,1900)")),
  rangeLte: leaves("Ben", (query) => query.rangeLte("years", "[1700,1800)")),
  rangeAdjacent: leaves("Ada", (query) => query.rangeAdjacent("years", "[1800,1815)")),
  textSearch: leaves("Ada", (query) => query.textSearch(found, "program")),
  "textSearch: as people write it": leaves(
    "Ada,Cleo",
    (query) =>
      query.textSearch(found, "wrote or letters", { type: "websearch", config: "english" }),
  ),
  match: leaves("Ada", (query) => query.match({ name: "Ada", id: 1 })),
  not: leaves("Ada,Ben", (query) => query.not("born", "is", null)),
  or: leaves("Ada,Cleo", (query) => query.or("name.eq.Ada,and(born.is.null,id.gt.2)")),
  filter: leaves("Ada", (query) => query.filter("name", "eq", "Ada")),
};

export const filters: Calls = Object.fromEntries(
  Object.entries(filtersOf).map(([name, call]) => [`from().select().${name}`, call]),
);
