/** The scratchpad on Redis, over Upstash's REST protocol. */
import { Redis } from "@upstash/redis";
import * as lua from "./lua.ts";
import { floorTtl, type Json, type Scratchpad, type WriteBack } from "./scratchpad.ts";

/** People whose floors are raised in one script, so that none of them holds Redis up. */
const floorsAtOnce = 500;

/**
 * Makes the scratchpad on Redis. Every operation is one request, and rejects when it is not
 * answered within `patience` milliseconds.
 *
 * Answers are read by a script although two GETs would do: scripts go to the primary, also where
 * plain reads are served by replicas that may not have heard of a revocation yet.
 */
export function createRedisScratchpad(
  server: { url: string; token: string },
  patience: number,
): Scratchpad {
  const redis = new Redis({
    ...server,
    automaticDeserialization: false,
    enableTelemetry: false,
    enableAutoPipelining: true, // what one tick asks travels in one request
    latencyLogging: false,
    retry: { retries: 0, backoff: () => 0 }, // the circuit breaker retries, not each request
    signal: () => AbortSignal.timeout(patience),
  });

  return {
    kind: "redis",

    async readAnswer(user) {
      const [epoch, revision = null, value = null] = await redis.eval<
        string[],
        [string, (string | null)?, (string | null)?]
      >(
        lua.readAnswer,
        ["epoch", `agents:${user}`],
        [crypto.randomUUID()],
      );
      const answer = revision === null || value === null
        ? null
        : { revision: Number(revision), value: JSON.parse(value) as Json };
      return { epoch, answer };
    },

    async writeBack(user, answer, epoch, ttl) {
      return await redis.eval<string[], WriteBack>(
        lua.writeBack,
        ["epoch", `floor:${user}`, `agents:${user}`],
        [epoch, String(answer.revision), JSON.stringify(answer.value), String(ttl)],
      );
    },

    async raiseFloors(floors) {
      const given = [...floors];
      for (let start = 0; start < given.length; start += floorsAtOnce) {
        const part = given.slice(start, start + floorsAtOnce);
        await redis.eval<string[], string>(
          lua.raiseFloors,
          part.flatMap(([user]) => [`floor:${user}`, `agents:${user}`]),
          [String(floorTtl), ...part.map(([, revision]) => String(revision))],
        );
      }
    },

    async renewEpoch() {
      await redis.set("epoch", crypto.randomUUID());
    },

    async hit(key, amount, window) {
      return Number(
        await redis.eval<string[], number>(lua.hit, [key], [String(amount), String(window)]),
      );
    },

    async get(key) {
      const text = await redis.get<string>(key);
      return text === null ? null : JSON.parse(text) as Json;
    },

    async set(key, value, ttl) {
      await redis.set(key, JSON.stringify(value), { ex: ttl });
    },

    async replace(key, value, ttl) {
      return await redis.set(key, JSON.stringify(value), { ex: ttl, xx: true }) === "OK";
    },

    async remove(keys) {
      if (keys.length > 0) await redis.del(...keys);
    },

    async join(key, member, info, ttl) {
      const isNew = await redis.eval<string[], number>(
        lua.join,
        [key, `${key}:info`],
        [member, JSON.stringify(info), String(ttl)],
      );
      return Number(isNew) === 1;
    },

    async leave(key, member) {
      return Number(
        await redis.eval<string[], number>(lua.leave, [key, `${key}:info`], [member]),
      ) === 1;
    },

    async members(key) {
      const text = await redis.eval<string[], string>(lua.members, [key, `${key}:info`], []);
      const [ends, infos] = JSON.parse(text) as [string[], string[]];
      const infoOf = new Map<string, string>();
      for (let i = 0; i < infos.length; i += 2) infoOf.set(infos[i] ?? "", infos[i + 1] ?? "null");
      return Array.from({ length: ends.length / 2 }, (_, i) => {
        const member = ends[2 * i] ?? "";
        return {
          member,
          info: JSON.parse(infoOf.get(member) ?? "null") as Json,
          endsAt: Number(ends[2 * i + 1]),
        };
      });
    },

    async append(key, first, chunks, ttl) {
      const next = Number(
        await redis.eval<string[], number>(
          lua.append,
          [key],
          [String(first), String(ttl), ...chunks],
        ),
      );
      return next < 0 ? { next: -1 - next, isGap: true } : { next, isGap: false };
    },

    async readChunks(key, first, most) {
      return await redis.lrange<string>(key, first, first + most - 1);
    },

    async expireChunks(key, ttl) {
      // The client leaves out a time of 0.
      await (ttl > 0 ? redis.expire(key, ttl) : redis.del(key));
    },
  };
}
