/** What the tests of Realtime stand on: a server on a database, and people who are its clients. */
import {
  type RealtimeChannel,
  type RealtimeChannelOptions,
  RealtimeClient,
} from "@supabase/realtime-js";
import { jwtVerify, SignJWT } from "jose";
import { until } from "../../fixture.ts";
import { type Realtime, type RealtimeOptions, startRealtime } from "../server.ts";

/** A running server, and the ways into it. */
export interface World extends AsyncDisposable {
  realtime: Realtime;
  keys: { publishableKey: string; secretKey: string };
  /** A client of the library, as supabase-js makes one; ended with the world. */
  connect(options?: { token?: string | null; vsn?: string; apikey?: string }): RealtimeClient;
  /** A token of a person. */
  mint(sub: string, claims?: Record<string, unknown>): Promise<string>;
}

/** Starts a server on a database. */
export async function startWorld(
  options: Omit<RealtimeOptions, "keys" | "verifyToken" | "connections"> & { connections?: number },
): Promise<World> {
  const keys = { publishableKey: "sb_publishable_test", secretKey: "sb_secret_test" };
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const realtime = await startRealtime({
    ...{ connections: 1, ...options, keys },
    verifyToken: async (token) => (await jwtVerify(token, secret)).payload,
  });
  const clients: RealtimeClient[] = [];
  return {
    realtime,
    keys,
    connect({ token, vsn, apikey } = {}) {
      const client = new RealtimeClient(`${realtime.origin.replace("http", "ws")}/realtime/v1`, {
        params: { apikey: apikey ?? keys.publishableKey },
        ...(vsn ? { vsn } : {}),
        ...(token ? { accessToken: () => Promise.resolve(token) } : {}),
      });
      clients.push(client);
      return client;
    },
    mint: (sub, claims = {}) =>
      new SignJWT({ role: "authenticated", ...claims })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(sub).setIssuedAt().setExpirationTime(
          "exp" in claims ? Number(claims.exp) : "10m",
        )
        .sign(secret),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map(async (client) => {
        await client.removeAllChannels();
        await client.disconnect();
      }));
      await realtime.stop();
    },
  };
}

/** A channel with all that it has heard. */
export interface Listener {
  channel: RealtimeChannel;
  /** As `subscribe` told it. */
  states: string[];
  errors: string[];
  /** Payloads of broadcasts. */
  heard: { event: string; payload: unknown; meta?: { id: string; replayed?: boolean } }[];
  /** Messages of `system`. */
  told: { extension: string; status: string; message: string }[];
  changes: Record<string, unknown>[];
  /** Waits until `subscribe` has told this. */
  becomes(state: string): Promise<void>;
  /** Waits for so many broadcasts and gives their payloads. */
  hears(count: number): Promise<unknown[]>;
}

/** Joins and listens; `before` may add to what is listened to. */
export function listen(
  client: RealtimeClient,
  topic: string,
  config: RealtimeChannelOptions["config"] = {},
  before: (channel: RealtimeChannel, listener: Listener) => void = () => {},
): Listener {
  const channel = client.channel(topic, { config });
  const listener: Listener = {
    channel,
    states: [],
    errors: [],
    heard: [],
    told: [],
    changes: [],
    becomes: async (state) =>
      void await until(`${topic} is ${state}`, () => listener.states.includes(state), 15),
    async hears(count) {
      await until(`${count} broadcasts on ${topic}`, () => listener.heard.length >= count, 15);
      return listener.heard.map(({ payload }) => payload);
    },
  };
  channel.on("broadcast", { event: "*" }, (message) => void listener.heard.push(message as never));
  channel.on("system", {}, (message) => void listener.told.push(message));
  before(channel, listener);
  channel.subscribe((state, error) => {
    listener.states.push(state);
    if (error) listener.errors.push(error.message);
  });
  return listener;
}
