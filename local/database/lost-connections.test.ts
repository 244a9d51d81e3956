import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import postgres from "postgres";
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

Deno.test("a server that dies while a connection begins refuses the query, and ends no program", async () => {
  const heard: string[] = [];
  onLostConnection(({ message }) => heard.push(message));
  // It welcomes whoever connects, and is gone when it is asked something.
  const dying = createServer((client) => {
    client.once("data", () => {
      client.write(Uint8Array.of(82, 0, 0, 0, 8, 0, 0, 0, 0, 90, 0, 0, 0, 5, 73));
      client.once("data", () => client.resetAndDestroy());
    });
    client.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(dying, "listening");
  const { port } = dying.address() as AddressInfo;
  const sql = postgres({ host: "127.0.0.1", port, user: "x", max: 1, ssl: false });
  try {
    await assert.rejects(sql`select 1`, { code: /^(ECONNRESET|CONNECTION_CLOSED)$/ });
    await until("the loss", () => heard.length > 0);
  } finally {
    await sql.end({ timeout: 0 });
    dying.close();
  }
});
