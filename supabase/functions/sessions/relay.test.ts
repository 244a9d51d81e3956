import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { relay, type Socket } from "./relay.ts";

/** A socket that a test holds the other end of. */
class FakeSocket extends EventTarget implements Socket {
  readyState = 1;
  bufferedAmount = 0;
  binaryType = "blob";
  sent: (string | ArrayBuffer)[] = [];
  closed: [number?, string?] | null = null;
  send(data: string | ArrayBuffer) {
    this.sent.push(data);
  }
  close(code?: number, reason?: string) {
    this.closed = [code, reason];
    this.readyState = 3;
  }
  hear(data: string | ArrayBuffer) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
  hangUp(code: number, reason = "") {
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code, reason }));
  }
}

function join(limits = { message: 100, backlog: 1000 }) {
  const [client, agent] = [new FakeSocket(), new FakeSocket()];
  return { client, agent, ...relay(client, agent, limits) };
}

Deno.test("what one side says the other hears, text and bytes, in order", () => {
  const { client, agent } = join();
  const bytes = new Uint8Array([1, 2]).buffer;
  client.hear("a");
  client.hear(bytes);
  agent.hear("b");
  assertDeepEquals(agent.sent, ["a", bytes]);
  assertDeepEquals(client.sent, ["b"]);
  assertEquals(client.binaryType, "arraybuffer");
});

Deno.test("what the agent says before the client is there waits for it", () => {
  const [client, agent] = [new FakeSocket(), new FakeSocket()];
  client.readyState = 0;
  relay(client, agent, { message: 100, backlog: 10 });
  agent.hear("first");
  agent.hear("then");
  assertDeepEquals(client.sent, []);
  client.readyState = 1;
  client.dispatchEvent(new Event("open"));
  assertDeepEquals(client.sent, ["first", "then"]);
});

Deno.test("when either side hangs up both are closed, with the code where it may be sent", async () => {
  for (
    const [code, passedOn] of [[1000, 1000], [4000, 4000], [1001, 1000], [1006, 1000]] as const
  ) {
    for (const who of ["client", "agent"] as const) {
      const sides = join();
      sides[who].hangUp(code, "bye");
      assertDeepEquals(sides[who === "client" ? "agent" : "client"].closed, [passedOn, "bye"]);
      await sides.ended;
    }
  }
});

Deno.test("a message above the limit ends it, one at the limit does not, counted in bytes", () => {
  const { client, agent } = join();
  client.hear("x".repeat(100));
  client.hear("é".repeat(50));
  assertEquals(agent.sent.length, 2);
  client.hear("é".repeat(51));
  assertEquals(agent.sent.length, 2);
  assertDeepEquals(client.closed, [4413, "message_too_large"]);
  assertDeepEquals(agent.closed, [4413, "message_too_large"]);
});

Deno.test("whoever falls too far behind is let go", () => {
  const { client, agent } = join();
  client.bufferedAmount = 1000;
  agent.hear("still");
  assertEquals(client.closed, null);
  client.bufferedAmount = 1001;
  agent.hear("too much");
  assertDeepEquals(client.sent, ["still"]);
  assertDeepEquals(client.closed, [4429, "too_slow"]);
});

Deno.test("ending closes both once, and nothing passes after it", async () => {
  const { client, agent, end, ended } = join();
  end("access_revoked");
  end("session_closed");
  await ended;
  assertDeepEquals(client.closed, [4403, "access_revoked"]);
  assertDeepEquals(agent.closed, [4403, "access_revoked"]);
  agent.hear("late");
  assertDeepEquals(client.sent, []);
});

Deno.test("an agent that fails is 4502 to the client", () => {
  const { client, agent } = join();
  agent.dispatchEvent(new Event("error"));
  assertDeepEquals(client.closed, [4502, "agent_failed"]);
});
