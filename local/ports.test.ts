import { assert } from "../supabase/functions/_shared/asserts.ts";
import { findFreePort } from "./ports.ts";

/** The first port that this system takes for outgoing connections; elsewhere, what most take. */
async function firstOutgoing(): Promise<number> {
  try {
    const range = await Deno.readTextFile("/proc/sys/net/ipv4/ip_local_port_range");
    return Number(range.split(/\s/)[0]);
  } catch {
    return 49_152;
  }
}

Deno.test("no request of this machine takes a port that was found before a server has it", async () => {
  const first = await firstOutgoing();
  const found = Array.from({ length: 200 }, () => findFreePort());
  assert(found.every((port) => port < first), `${found} below ${first}`);
  assert(new Set(found).size > 150, "who looks at the same time finds another one");
});

Deno.test("a port that somebody listens on is not free", () => {
  const first = findFreePort();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port: first });
  for (let n = 0; n < 20; n++) assert(findFreePort(first, first + 3) !== first);
});
