import assert from "node:assert/strict";
import { until } from "../fixture.ts";
import { onLostConnection } from "./lost-connections.ts";

/** An error as the client's own function makes it. */
const lost = (Kind: ErrorConstructor, message: string) => {
  const error = new Kind(message);
  error.stack = `${message}\n    at Immediate.nextWrite (postgres/src/connection.js:255:22)`;
  return error;
};

Deno.test("a connection that is lost is heard of, whether it throws or rejects; anything else is not", async () => {
  const heard: string[] = [];
  onLostConnection(({ message }) => heard.push(message));
  const others: string[] = [];
  addEventListener("unhandledrejection", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    others.push(event.reason.message);
  });
  setTimeout(() => {
    throw lost(TypeError, "thrown");
  });
  Promise.reject(lost(Error, "rejected"));
  Promise.reject(new Error("of something else"));
  await until("all three", () => heard.length + others.length === 3);
  assert.deepEqual(heard.toSorted(), ["rejected", "thrown"]);
  assert.deepEqual(others, ["of something else"]);
});
