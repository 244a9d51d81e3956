import { createClient } from "@supabase/supabase-js";
import { findFreePort } from "../local/ports.ts";
import type { Stack } from "../local/stack.ts";

/** A server of `servers.ts` in a process of its own, as each isolate of the platform is. */
export interface Isolate {
  url: string;
  stop(): Promise<void>;
}

const classes = ["check", "read", "fresh", "write", "heartbeat"];
/** The setting of limits that a load test does not meet. */
export const UNLIMITED = {
  GROUNDWORK_RATE_LIMITS: JSON.stringify(
    Object.fromEntries(classes.map((name) => [name, 1_000_000_000])),
  ),
};

/** Starts one and waits until it answers. */
export async function startIsolate(
  kind: "bare" | "uncached" | "agents",
  stack: Stack,
): Promise<Isolate> {
  const port = findFreePort();
  const script = new URL("servers.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script, kind, String(port)],
    env: { ...stack.functionEnv, ...UNLIMITED },
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  if ((await reader.read()).done) throw new Error(`the ${kind} server did not start`);
  reader.releaseLock();
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGTERM");
      await child.stdout.cancel();
      await child.status;
    },
  };
}

/** Seeded people and things that the benchmarks use. */
export const SEED = {
  workspace: "00000000-0000-4000-b000-000000000001",
  juan: "00000000-0000-4000-a000-000000000003",
  hr: "00000000-0000-4000-c000-000000000001",
};

/** A seeded person's client and token. */
export async function signIn(stack: Stack, email: string) {
  const client = createClient(stack.apiUrl, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.auth.signInWithPassword({
    email,
    password: "groundwork-demo",
  });
  if (error) throw error;
  return { client, token: data.session.access_token };
}
