import assert from "node:assert/strict";
import { startDistance } from "./distance.ts";

Deno.test("what comes late comes whole, in order, in both directions", async () => {
  const echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const near of echo) await near.readable.pipeTo(near.writable);
  })();
  const distance = startDistance(echo.addr.port, 3);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: distance.port });
  const sent = crypto.getRandomValues(new Uint8Array(60_000));
  for (let from = 0; from < sent.length;) {
    from += await connection.write(sent.subarray(from, from + 7000));
  }
  const received = new Uint8Array(sent.length);
  for (let from = 0; from < received.length;) {
    from += await connection.read(received.subarray(from)) ?? assert.fail("ended early");
  }
  assert.deepEqual(received, sent);
  connection.close();
  await distance.stop();
  echo.close();
  await serving;
});
