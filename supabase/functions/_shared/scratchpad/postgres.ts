/**
 * The scratchpad on Postgres' unlogged tables: what there is when there is no Redis.
 *
 * Reading a permission answer back from here would cost the same query as asking who may use what,
 * so the permission cache does not use it (permissions.ts); the meaning is the same nonetheless,
 * and one set of scenarios is run against both.
 */
import type { Database } from "../database.ts";
import type { Json, Scratchpad, WriteBack } from "./scratchpad.ts";

/** Makes the scratchpad on the database's tables. */
export function createPostgresScratchpad(database: Database): Scratchpad {
  return {
    kind: "postgres",

    async readAnswer(user) {
      const [row] = await database.run((sql) =>
        sql<{ epoch: string; revision: number | null; value: Json }[]>`
          select current.epoch, kept.revision, kept.value
          from (select private.scratch_epoch() as epoch) as current
          left join private.scratch_values as kept
            on kept.key = ${`agents:${user}`} and kept.epoch = current.epoch and kept.expires_at > now()`
      );
      if (!row) throw new Error("scratch_epoch returned no row");
      const { epoch, revision, value } = row;
      return { epoch, answer: revision === null ? null : { revision, value } };
    },

    async writeBack(user, answer, epoch, ttl) {
      const [row] = await database.run((sql) =>
        sql<{ outcome: WriteBack }[]>`
          select private.scratch_write_back(
            ${`agents:${user}`}, ${sql.json(answer.value)}, ${answer.revision}, ${epoch}, ${ttl}
          ) as outcome`
      );
      if (!row) throw new Error("scratch_write_back returned no row");
      return row.outcome;
    },

    async raiseFloors(floors) {
      const given = Object.fromEntries(floors);
      await database.run((sql) => sql`select private.scratch_raise_floors(${sql.json(given)})`);
    },

    async renewEpoch() {
      await database.run((sql) =>
        sql`
          insert into private.scratch_values as known (key, value, expires_at)
          values ('epoch', to_jsonb(gen_random_uuid()::text), 'infinity')
          on conflict (key) do update set value = excluded.value`
      );
    },

    async hit(key, amount, window) {
      const most = 2_147_483_647;
      const [row] = await database.run((sql) =>
        sql<{ remaining: number }[]>`
          select remaining from private.scratch_hit(${key}, ${most}, ${window}, ${amount})`
      );
      return row ? most - row.remaining : amount;
    },

    async get(key) {
      const [row] = await database.run((sql) =>
        sql<{ value: Json }[]>`
          select value from private.scratch_values where key = ${key} and expires_at > now()`
      );
      return row?.value ?? null;
    },

    async set(key, value, ttl) {
      await database.run((sql) =>
        sql`
          insert into private.scratch_values (key, value, expires_at)
          values (${key}, ${sql.json(value)}, now() + make_interval(secs => ${ttl}))
          on conflict (key) do update set value = excluded.value, expires_at = excluded.expires_at`
      );
    },

    async replace(key, value, ttl) {
      const rows = await database.run((sql) =>
        sql`
          update private.scratch_values
          set value = ${sql.json(value)}, expires_at = now() + make_interval(secs => ${ttl})
          where key = ${key} and expires_at > now()
          returning 1`
      );
      return rows.length > 0;
    },

    async remove(keys) {
      if (keys.length === 0) return;
      await database.run((sql) =>
        sql`
          delete from private.scratch_values
          where key in (select jsonb_array_elements_text(${sql.json(keys)}))`
      );
    },

    async join(key, member, info, ttl) {
      const [row] = await database.run((sql) =>
        sql<{ is_new: boolean }[]>`
          select private.scratch_join(${key}, ${member}, ${sql.json(info)}, ${ttl}) as is_new`
      );
      return row?.is_new ?? false;
    },

    async leave(key, member) {
      const [row] = await database.run((sql) =>
        sql<{ was_there: boolean }[]>`
          delete from private.scratch_members where key = ${key} and member = ${member}
          returning ends_at > now() as was_there`
      );
      return row?.was_there ?? false;
    },

    async members(key) {
      const rows = await database.run((sql) =>
        sql<{ member: string; info: Json; ends_at: number }[]>`
          select member, info, extract(epoch from ends_at)::float8 * 1000 as ends_at
          from private.scratch_members where key = ${key} and ends_at > now()
          order by ends_at, member`
      );
      return rows.map((row) => ({ member: row.member, info: row.info, endsAt: row.ends_at }));
    },

    async append(key, first, chunks, ttl) {
      const [row] = await database.run((sql) =>
        sql<{ next: number }[]>`
          select private.scratch_append(${key}, ${first}, ${sql.json(chunks)}, ${ttl}) as next`
      );
      const next = row?.next ?? 0;
      return next < 0 ? { next: -1 - next, isGap: true } : { next, isGap: false };
    },

    async readChunks(key, first, most) {
      const rows = await database.run((sql) =>
        sql<{ chunk: string }[]>`
          select chunk from private.scratch_chunks
          where key = ${key} and ordinal >= ${first} and ordinal < ${first + most}
            and ends_at > now()
          order by ordinal`
      );
      return rows.map(({ chunk }) => chunk);
    },

    async expireChunks(key, ttl) {
      await database.run((sql) =>
        sql`
          update private.scratch_chunks
          set ends_at = now() + make_interval(secs => ${ttl})
          where key = ${key} and ends_at > now()`
      );
    },
  };
}
