import assert from "node:assert/strict";
import { serializeJson } from "./json-arguments.ts";

Deno.test("an object's text is sent as it is, everything else is written as JSON", () => {
  assert.equal(serializeJson('{"a":1}'), '{"a":1}');
  assert.equal(serializeJson("[1]"), "[1]");
  assert.equal(serializeJson({ a: 1 }), '{"a":1}');
  assert.equal(serializeJson("dark"), '"dark"');
  assert.equal(serializeJson("{dark"), '"{dark"');
  assert.equal(serializeJson(null), "null");
});
