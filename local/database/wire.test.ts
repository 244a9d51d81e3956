import assert from "node:assert/strict";
import {
  concat,
  message,
  prefixStatement,
  readStartup,
  readText,
  splitMessages,
  text,
} from "./wire.ts";

const parse = (name: string, sql: string) => ({
  type: "P",
  bytes: message("P", text(name), text(sql), new Uint8Array(2)),
});

Deno.test("messages are cut where they end, and what is incomplete waits", () => {
  const stream = concat([
    message("Q", text("select 1")),
    message("S"),
    message("Q", text("select 2")),
  ]);
  const { messages, rest } = splitMessages(stream.subarray(0, stream.length - 3));
  assert.deepEqual(messages.map(({ type }) => type), ["Q", "S"]);
  assert.deepEqual(
    splitMessages(concat([rest, stream.subarray(stream.length - 3)])).messages.length,
    1,
  );
});

Deno.test("two clients' prepared statements of one name get different names, the unnamed one stays unnamed", () => {
  const one = prefixStatement(parse("s1", "select 1"), "c1_");
  const two = prefixStatement(parse("s1", "select 1"), "c2_");
  assert.equal(readText(one.bytes, 5), "c1_s1");
  assert.equal(readText(two.bytes, 5), "c2_s1");
  assert.equal(readText(one.bytes, 5 + "c1_s1".length + 1), "select 1");
  assert.equal(splitMessages(one.bytes).messages.length, 1);
  assert.equal(readText(prefixStatement(parse("", "select 1"), "c1_").bytes, 5), "");
});

Deno.test("the name is found in Bind behind the portal's, and in Describe and Close of a statement only", () => {
  const bind = prefixStatement({
    type: "B",
    bytes: message("B", text("portal"), text("s1"), new Uint8Array(6)),
  }, "c1_");
  assert.equal(readText(bind.bytes, 5), "portal");
  assert.equal(readText(bind.bytes, 5 + "portal".length + 1), "c1_s1");
  const kind = (letter: string) => new TextEncoder().encode(letter);
  const describe = (letter: string) =>
    readText(
      prefixStatement({ type: "D", bytes: message("D", kind(letter), text("x")) }, "c1_").bytes,
      6,
    );
  assert.equal(describe("S"), "c1_x");
  assert.equal(describe("P"), "x");
});

Deno.test("a request for encryption is told from a startup packet", () => {
  const packet = (code: number, ...body: Uint8Array[]) => {
    const content = concat([new Uint8Array(8), ...body]);
    new DataView(content.buffer).setUint32(0, content.length);
    new DataView(content.buffer).setUint32(4, code);
    return content;
  };
  assert.equal(readStartup(packet(80877103))?.kind, "encryption");
  const startup = packet(196608, text("user"), text("anon"), new Uint8Array(1));
  assert.equal(readStartup(startup)?.parameters.get("user"), "anon");
  assert.equal(readStartup(startup.subarray(0, 10)), null);
});
