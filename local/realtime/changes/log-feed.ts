/**
 * Changes of tables out of the log of a real Postgres. The log waits while a change is looked at:
 * each person who subscribed is asked for
 * once, whether they see the row. Deletions cannot be asked for; under row security only their keys
 * are told, as on the platform.
 */
import type postgres from "postgres";
import type { Channel } from "../channel.ts";
import { type FollowedLog, followLog } from "../database/log.ts";
import type { LoggedChange } from "../database/pgoutput.ts";
import type { Rate } from "../limits.ts";
import { outgoing } from "../protocol.ts";
import { bind, type ChangeFeed } from "./feed.ts";
import { type Asked, FilterError, readAsked } from "./filters.ts";
import {
  checkAsked,
  describeTable,
  maySee,
  passing,
  publication,
  tellChange,
  untilVisible,
} from "./tables.ts";

/** What the feed needs. */
export interface LogFeedOptions {
  sql: postgres.Sql;
  adminUrl: string;
  events: Rate;
  log: (line: string) => void;
}

interface Subscription {
  id: number;
  asked: Asked;
}

const subscribed = "Subscribed to PostgreSQL";

/** Follows the log from the first subscription on. */
export function followChanges({ sql, adminUrl, events, log }: LogFeedOptions): ChangeFeed {
  const subscriptions = new Map<Channel, Subscription[]>();
  let following: Promise<FollowedLog> | null = null;
  /** The transaction that was seen last. */
  let seen = 0;

  function tellAll(status: "ok" | "error", message: string) {
    for (const channel of subscriptions.keys()) {
      channel.tellSystem("postgres_changes", status, message);
    }
  }

  function follow(): Promise<FollowedLog> {
    following ??= followLog({
      ...{ adminUrl, publication },
      onChange: (change) =>
        hear(change).catch((error) =>
          log(`Realtime: a change of ${change.relation.table} was not told: ${error}`)
        ),
      // What was changed in between is not told, as on the platform: whoever hears of it reads again.
      onFollowing: () => tellAll("ok", subscribed),
      onLost(reason) {
        log(`Realtime: lost the log of changes (${reason}); trying again`);
        tellAll(
          "error",
          "The database's log was lost: changes are missed until it is followed again",
        );
      },
    }).catch((error) => {
      following = null;
      throw error;
    });
    return following;
  }

  /** The subscriptions that a change could be for, by channel. */
  function wanting({ type, relation }: LoggedChange): [Channel, Subscription[]][] {
    return [...subscriptions].map(([channel, list]): [Channel, Subscription[]] => [
      channel,
      list.filter(({ asked }) =>
        (asked.event === "*" || asked.event === type) &&
        (asked.schema === "*" || asked.schema === relation.schema) &&
        (asked.table === "*" || asked.table === relation.table)
      ),
    ]).filter(([, list]) => list.length > 0);
  }

  async function hear(change: LoggedChange) {
    const wanted = wanting(change);
    if (wanted.length === 0) return;
    if (events.isAbove()) {
      return log(
        `Realtime: too many messages per second; a change of ${change.relation.table} is left out`,
      );
    }
    if (change.transaction !== seen) await untilVisible(sql, change.transaction);
    seen = change.transaction;
    const byRole = Map.groupBy(wanted, ([channel]) => channel.claims.role);
    for (const [role, channels] of byRole) await tellRole(change, role, channels);
  }

  async function tellRole(
    change: LoggedChange,
    role: string,
    channels: [Channel, Subscription[]][],
  ) {
    const { relation: { schema, table: name }, row, old, type } = change;
    const table = await describeTable(sql, schema, name, role);
    if (!table) return;
    const keys = table.columns.filter(({ isKey }) => isKey);
    if (keys.length === 0 || keys.some(({ isReadable }) => !isReadable)) return;
    // What the log left out because it did not change is in the old row, where there is one.
    const shown = {
      ...old,
      ...Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== undefined)),
    };
    const flat = channels.flatMap(([channel, list]) =>
      list.map((subscription) => ({ channel, subscription }))
    );
    const { record, passes } = await passing(
      sql,
      table,
      shown,
      flat.map(({ subscription }) => subscription.asked.conditions),
    );
    const before = old ? (await passing(sql, table, old, [])).record : null;
    const passed = Map.groupBy(flat.filter((_, index) => passes[index]), ({ channel }) => channel);
    const seen = new Map<string, Promise<boolean>>();
    for (const [channel, list] of passed) {
      const person = JSON.stringify(channel.claims);
      if (type !== "DELETE" && table.hasRowSecurity && !seen.has(person)) {
        seen.set(person, maySee(sql, table, shown, channel.person()));
      }
      if (await seen.get(person) === false) continue;
      // One message for all that asked for the same columns.
      for (
        const [, same] of Map.groupBy(
          list,
          ({ subscription }) => JSON.stringify(subscription.asked.select),
        )
      ) {
        const data = tellChange(
          table,
          change,
          record,
          before,
          same[0]?.subscription.asked.select ?? null,
        );
        const payload = { ids: same.map(({ subscription }) => subscription.id), data };
        channel.deliverChange(
          outgoing({
            joinRef: null,
            ref: null,
            topic: channel.topic,
            event: "postgres_changes",
            payload,
          }),
        );
      }
    }
  }

  async function begin(channel: Channel): Promise<string | null> {
    try {
      const list = bind(channel).map(({ id, ...asked }) => ({ id, asked: readAsked(asked) }));
      for (const { asked } of list) {
        const refusal = await checkAsked(sql, asked, channel.claims.role);
        if (refusal) return refusal;
      }
      await follow();
      if (!channel.hasEnded()) subscriptions.set(channel, list);
      return null;
    } catch (error) {
      if (!(error instanceof FilterError)) log(`Realtime: a subscription failed: ${error}`);
      return error instanceof FilterError ? error.message : "Unable to follow the database's log";
    }
  }

  return {
    subscribe(channel) {
      const bindings = bind(channel);
      if (bindings.length === 0) return { bindings, whenKnown: Promise.resolve(null) };
      const whenKnown = begin(channel).then((refusal) => {
        channel.tellSystem(
          "postgres_changes",
          refusal ? "error" : "ok",
          refusal ?? subscribed,
        );
        return refusal;
      });
      return { bindings, whenKnown };
    },
    // The claims of the moment count when a change comes.
    renew: () => Promise.resolve(),
    forget: (channel) => void subscriptions.delete(channel),
    async stop() {
      await (await following?.catch(() => null))?.stop();
    },
  };
}
