import { assertDeepEquals, assertEquals } from "../asserts.ts";
import {
  formatTraceparent,
  makeSpanId,
  makeTraceId,
  readTraceparent,
  readTracestate,
} from "./traceparent.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

Deno.test("a header is read, and written as it was", () => {
  for (const flags of ["00", "01"]) {
    const header = `00-${trace}-${span}-${flags}`;
    const context = readTraceparent(header);
    assertDeepEquals(context, { traceId: trace, spanId: span, isSampled: flags === "01" });
    assertEquals(context && formatTraceparent(context), header);
  }
});

Deno.test("of other flags the first counts, and of a later version what is known of it", () => {
  assertEquals(readTraceparent(`00-${trace}-${span}-03`)?.isSampled, true);
  assertEquals(readTraceparent(`00-${trace}-${span}-02`)?.isSampled, false);
  assertEquals(readTraceparent(`cc-${trace}-${span}-01`)?.traceId, trace);
  assertEquals(readTraceparent(`cc-${trace}-${span}-01-what-the-future-brings`)?.spanId, span);
});

Deno.test("what is not well formed is ignored", () => {
  const bad = [
    null,
    "",
    "no",
    `ff-${trace}-${span}-01`,
    `00-${trace}-${span}-01-more`,
    `cc-${trace}-${span}-01.more`,
    `00-${trace}-${span}`,
    `00-${trace}-${span}-1`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    ` 00-${trace}-${span}-01`,
    `00-${trace}-${span}-01\n`,
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
    `cc-${trace}-${span}-01-${"x".repeat(10_000)}`,
    "0".repeat(1_000_000),
    `<script>${trace}`,
  ];
  for (const header of bad) {
    assertEquals(readTraceparent(header), null, String(header).slice(0, 80));
  }
});

Deno.test("ids are of their length and not all alike", () => {
  const ids = Array.from({ length: 100 }, () => [makeTraceId(), makeSpanId()]);
  for (const [traceId = "", spanId = ""] of ids) {
    assertEquals(readTraceparent(`00-${traceId}-${spanId}-01`)?.spanId, spanId);
  }
  assertEquals(new Set(ids.flat()).size, 200);
});

Deno.test("a well-formed tracestate is kept, and any other is dropped as a whole", () => {
  const list = (length: number) => Array.from({ length }, (_, n) => `v${n}=1`).join(",");
  const kept: [string, string][] = [
    ["congo=t61rcWkgMzE", "congo=t61rcWkgMzE"],
    ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["rojo=1 ,\tcongo=2,", "rojo=1,congo=2"],
    ["1st@vendor=x/y:z", "1st@vendor=x/y:z"],
    [list(32), list(32)],
  ];
  for (const [header, state] of kept) assertEquals(readTracestate(header), state);
  const dropped = [
    null,
    "",
    " , ",
    "congo",
    "congo=",
    "=1",
    "Congo=1",
    "congo=1=2",
    "congo=\u00e9",
    "congo=1,congo=2",
    "congo=1\r\nx: y",
    "congo=1;rojo=2\0",
    list(33),
    `a=${"x".repeat(511)}`,
  ];
  for (const header of dropped) assertEquals(readTracestate(header), undefined, String(header));
});
