import { assertDeepEquals, assertEquals } from "../asserts.ts";
import { callerNetwork } from "./caller-address.ts";

const of = (headers: Record<string, string>) => callerNetwork(new Headers(headers));
const via = (address: string) => of({ "cf-connecting-ip": address });

Deno.test("two addresses are two callers, and one written in two ways is one", () => {
  assertEquals(
    new Set(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"].map(via)).size,
    4,
  );
  assertEquals(via("::ffff:192.0.2.1"), via("192.0.2.1"));
  assertEquals(via("2001:DB8:0:0::9"), via("2001:db8::1"), "a network of IPv6 is one caller");
});

Deno.test("what a caller writes into the header is not believed", () => {
  const real = via("192.0.2.1");
  assertDeepEquals(
    [
      of({ "cf-connecting-ip": "192.0.2.1", "x-forwarded-for": "198.51.100.7" }),
      of({ "x-forwarded-for": "198.51.100.7, 192.0.2.1" }),
    ],
    [real, real],
  );
});

Deno.test("who says nothing, or nonsense, is counted with all of their kind", () => {
  const nobody = of({});
  assertDeepEquals(["", "me", "x".repeat(10_000), "1.2.3.4:5"].map(via), Array(4).fill(nobody));
});

Deno.test("the word is no address", () => {
  assertEquals(/^[\w-]{22}$/.test(via("192.0.2.1")), true);
});
