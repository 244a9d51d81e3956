import { throws } from "node:assert/strict";
import fc from "fast-check";
import { assert, assertDeepEquals, assertEquals } from "../asserts.ts";
import {
  createFrameReader,
  encodeClosing,
  encodeFrame,
  FrameError,
  type Incoming,
  isSendable,
  opcode,
} from "./frames.ts";

const encoder = new TextEncoder();
const bytes = (...values: number[]) => new Uint8Array(values);

/** A frame as a server sends it: not masked. */
function serve(code: number, payload: Uint8Array, isLast = true): Uint8Array {
  const { length } = payload;
  const head = length < 126
    ? bytes(length)
    : length < 65_536
    ? bytes(126, length >> 8, length & 255)
    : bytes(127, 0, 0, 0, 0, length >>> 24, length >> 16 & 255, length >> 8 & 255, length & 255);
  return new Uint8Array([(isLast ? 0x80 : 0) | code, ...head, ...payload]);
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** What is read when the bytes come in pieces that end at these places. */
function readInPieces(all: Uint8Array, cuts: number[], longest = 1_000_000): Incoming[] {
  const read = createFrameReader(longest);
  const places = [0, ...cuts.map((cut) => cut % (all.length + 1)).toSorted((a, b) => a - b)];
  return [...places, all.length].flatMap((start, place, ends) =>
    read(all.subarray(start, ends[place + 1] ?? all.length))
  );
}

function refusal(all: Uint8Array, longest = 1_000_000): number {
  let code = 0;
  throws(() => createFrameReader(longest)(all), (error) => {
    assert(error instanceof FrameError);
    code = error.code;
    return true;
  });
  return code;
}

const lengths = fc.oneof(fc.nat(300), fc.constantFrom(0, 125, 126, 127, 65_535, 65_536));
const message = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.tuple(lengths, fc.nat(255)).map(([length, value]) => new Uint8Array(length).fill(value)),
);
const cuts = fc.array(fc.nat(200_000), { maxLength: 8 });

Deno.test("messages come out as they went in, wherever fragments and pieces are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(message, cuts), { maxLength: 6 }), cuts, (said, pieces) => {
      const frames = said.flatMap(([what, fragments]) => {
        const payload = typeof what === "string" ? encoder.encode(what) : what;
        const ends = [
          ...fragments.map((cut) => cut % (payload.length + 1)).toSorted((a, b) => a - b),
          payload.length,
        ];
        return ends.flatMap((end, place) => {
          const code = place > 0 ? opcode.more : typeof what === "string" ? 1 : 2;
          const part = payload.subarray(ends[place - 1] ?? 0, end);
          // Control frames may stand between fragments.
          return [serve(code, part, place === ends.length - 1), serve(opcode.pong, bytes())];
        });
      });
      const heard = readInPieces(join(...frames), pieces).filter(({ kind }) => kind === "message");
      assertDeepEquals(heard, said.map(([data]) => ({ kind: "message", data })));
    }),
    { numRuns: 300 },
  );
});

Deno.test("what is sent is masked with a new key each time, and says the same", () => {
  fc.assert(
    fc.property(lengths, (length) => {
      const payload = new Uint8Array(length).map((_, place) => place);
      const frame = encodeFrame(opcode.binary, payload);
      const short = frame[1]! & 0x7f;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      assert((frame[1]! & 0x80) !== 0, "masked");
      const key = frame.subarray(start, start + 4);
      const shown = frame.subarray(start + 4).map((value, place) => value ^ key[place % 4]!);
      assertDeepEquals(shown, payload);
    }),
  );
  const keys = Array.from({ length: 20 }, () => encodeFrame(1, bytes()).subarray(2).join());
  assertEquals(new Set(keys).size, 20);
});

Deno.test("whatever the standard calls a failure is one, beside what it allows", () => {
  const read = (all: Uint8Array) => createFrameReader(1000)(all);
  const refused: [what: string, frames: Uint8Array, code: number][] = [
    ["a masked frame", bytes(0x81, 0x80, 0, 0, 0, 0), 1002],
    ["a reserved bit", bytes(0xc1, 0), 1002],
    ["an unknown opcode", bytes(0x83, 0), 1002],
    ["an unknown control opcode", bytes(0x8b, 0), 1002],
    ["a ping in fragments", bytes(0x09, 0), 1002],
    ["a ping of 126 bytes", serve(opcode.ping, new Uint8Array(126)), 1002],
    ["more of nothing", serve(opcode.more, bytes()), 1002],
    ["a message within another", join(serve(1, bytes(), false), serve(1, bytes())), 1002],
    ["text that is not UTF-8", serve(1, bytes(0xc3, 0x28)), 1007],
    ["text that ends early", serve(1, bytes(0xc3)), 1007],
    ["half a close code", serve(opcode.close, bytes(3)), 1002],
    ["a close code that never travels", serve(opcode.close, bytes(3, 237)), 1002],
    ["a reason that is not UTF-8", serve(opcode.close, bytes(3, 232, 0xff)), 1007],
    ["a message of 1001 bytes", serve(2, new Uint8Array(1001)), 1009],
    ["the head of one", bytes(0x82, 126, 3, 233), 1009],
    ["the head of an endless one", bytes(0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255), 1009],
    [
      "1001 bytes in fragments",
      join(serve(2, new Uint8Array(600), false), serve(0, new Uint8Array(401))),
      1009,
    ],
  ];
  for (const [what, frames, code] of refused) assertEquals(refusal(frames, 1000), code, what);
  const allowed: [what: string, frames: Uint8Array][] = [
    ["a ping of 125 bytes", serve(opcode.ping, new Uint8Array(125))],
    [
      "a ping between fragments",
      join(serve(1, bytes(), false), serve(9, bytes()), serve(0, bytes())),
    ],
    ["text", serve(1, bytes(0xc3, 0xa9))],
    ["a character in two fragments", join(serve(1, bytes(0xc3), false), serve(0, bytes(0xa9)))],
    ["a message of 1000 bytes", serve(2, new Uint8Array(1000))],
    [
      "1000 bytes in fragments",
      join(serve(2, new Uint8Array(600), false), serve(0, new Uint8Array(400))),
    ],
  ];
  for (const [what, frames] of allowed) assert(read(frames).length > 0, what);
  assertDeepEquals(read(serve(opcode.close, bytes())), [{ kind: "close", code: 1005, reason: "" }]);
  assertDeepEquals(read(serve(opcode.close, bytes(3, 232, 0x61))), [
    { kind: "close", code: 1000, reason: "a" },
  ]);
});

Deno.test("a reason is cut between characters to what a frame holds", () => {
  assertEquals(encodeClosing(1000, "é".repeat(100)).length, 2 + 122);
  assertDeepEquals(encodeClosing(4403, "no"), bytes(0x11, 0x33, 0x6e, 0x6f));
  assertEquals(encodeClosing(1005, "").length, 0);
  assertDeepEquals([999, 1004, 1005, 1006, 1015, 2999, 5000].filter(isSendable), []);
  const sendable = [1000, 1001, 1003, 1007, 1014, 3000, 4999];
  assertDeepEquals(sendable.filter(isSendable), sendable);
});

Deno.test("a message that comes byte by byte is not copied byte by byte", () => {
  const frame = serve(2, new Uint8Array(200_000));
  const read = createFrameReader(1_000_000);
  let heard = 0;
  for (let place = 0; place < frame.length; place++) {
    heard += read(frame.subarray(place, place + 1)).length;
  }
  assertEquals(heard, 1);
});
