import { assert, assertEquals } from "./asserts.ts";
import { createBoundedMap } from "./bounded-map.ts";

Deno.test("a bounded map never holds more than its limit", () => {
  const map = createBoundedMap<number, number>(100);
  for (let i = 0; i < 10_000; i++) map.set(i, i);
  assert(map.size <= 100, `holds ${map.size}`);
  assertEquals(map.get(9_999), 9_999);
  assertEquals(map.get(0), undefined);
});

Deno.test("what is read stays, what is not read goes", () => {
  const map = createBoundedMap<string, number>(100);
  map.set("read", 1);
  map.set("unread", 2);
  for (let i = 0; i < 1000; i++) {
    map.set(`other ${i}`, i);
    assertEquals(map.get("read"), 1);
  }
  assertEquals(map.get("unread"), undefined);
});

Deno.test("setting the same key again pushes nobody out", () => {
  const map = createBoundedMap<string, number>(100);
  map.set("quiet", 1);
  for (let i = 0; i < 1000; i++) map.set("loud", i);
  assertEquals(map.get("quiet"), 1);
});

Deno.test("weights count against the limit, and what outweighs half of it is not kept", () => {
  const map = createBoundedMap<string, number>(100);
  map.set("heavy", 1, 51);
  assertEquals(map.get("heavy"), undefined);
  for (let i = 0; i < 10; i++) map.set(`ten ${i}`, i, 10);
  assert(map.size <= 10);
  map.set("one more", 1, 50);
  assertEquals(map.get("ten 0"), undefined);
});

Deno.test("what was deleted is gone from both generations", () => {
  const map = createBoundedMap<string, number>(4);
  map.set("a", 1);
  map.set("b", 2);
  map.set("c", 3);
  map.delete("a");
  map.delete("c");
  assertEquals(map.get("a"), undefined);
  assertEquals(map.get("c"), undefined);
});
