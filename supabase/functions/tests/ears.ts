/** Who listens to Realtime, with nothing but supabase-js. */
import type { RealtimeChannel } from "@supabase/supabase-js";
import type { GroundworkClient } from "../../../types/client.ts";

/** A channel, and all that came over it. */
export interface Ear {
  channel: RealtimeChannel;
  states: string[];
  errors: string[];
  told: string[];
  heard: { event: string; payload: Record<string, unknown>; meta?: { id: string } }[];
}

/** Waits for something that comes by itself. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1_500; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain: ${what}`);
}

/** Joins a private topic and resolves when that has been decided. */
export async function listen(
  client: GroundworkClient,
  topic: string,
  token?: string,
): Promise<Ear> {
  await client.realtime.setAuth(token);
  const channel = client.channel(topic, { config: { private: true } });
  const ear: Ear = { channel, states: [], errors: [], told: [], heard: [] };
  channel
    .on("broadcast", { event: "*" }, (message) => void ear.heard.push(message as never))
    .on("system", {}, ({ message }) => void ear.told.push(message))
    .subscribe((state, error) => {
      ear.states.push(state);
      if (error) ear.errors.push(error.message);
    });
  await until(`an answer on ${topic}`, () => ear.states.length > 0);
  return ear;
}
