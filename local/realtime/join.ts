/** What a client asks for when it joins a channel. */
import { z } from "zod";

const isTrue = z.union([
  z.boolean(),
  z.enum(["true", "false"]).transform((text) => text === "true"),
])
  .catch(false).default(false);

const broadcast = z.object({
  self: isTrue,
  ack: isTrue,
  replication_ready: isTrue,
  replay: z.object({ since: z.unknown(), limit: z.unknown() }).partial().optional().catch({}),
});

const presence = z.object({ key: z.string().catch("").default(""), enabled: isTrue });

const options = z.object({
  wait: isTrue,
  timeout: z.number().min(0).max(20_000).catch(15_000).default(15_000),
});

const config = z.object({
  private: isTrue,
  broadcast: broadcast.catch(broadcast.parse({})).default(broadcast.parse({})),
  presence: presence.catch(presence.parse({})).default(presence.parse({})),
  postgres_changes: z.array(z.record(z.string(), z.unknown()).nullable()).catch([]).default([])
    .transform((list) => list.filter((change) => change !== null)),
  postgres_changes_options: options.catch(options.parse({})).default(options.parse({})),
});

/** As the platform's server does, what does not fit is taken as if it had been left out. */
export const joinPayload = z.object({
  config: config.catch(config.parse({})).default(config.parse({})),
  access_token: z.string().nullish().catch(null),
  user_token: z.string().nullish().catch(null),
}).catch({ config: config.parse({}) });

/** The parsed payload of `phx_join`. */
export type JoinPayload = z.infer<typeof joinPayload>;
