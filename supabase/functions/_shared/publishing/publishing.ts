/**
 * Publishing what is due, once.
 *
 * A platform's yes and our `done` cannot be one transaction. So before a platform is told, it is
 * written down that it may have been (`tried_at`, under the claim); and whoever claims what has that
 * mark asks the platform first, and tells it only when it knows nothing of it. What remains is a
 * platform that takes something up after it was asked about it again: there its own refusal of
 * duplicates decides (docs/guarantees.md), and so a retry whose first try is unclear waits a while.
 */
import { noAccount, readKeys } from "../platform-accounts.ts";
import type { Database } from "../database.ts";
import { log } from "../log.ts";
import type { PlatformAccounts } from "../environment.ts";
import { type PlatformAccount, PlatformError } from "../outbound/platform-client.ts";

/** What came of publishing: where it can be read, and what the platform calls it. */
export interface Publication {
  readonly url: string | null;
  readonly externalId: string;
}

/** Where a platform says that something can be read, if that is an address that we keep. */
export function keepUrl(said: string | null | undefined): string | null {
  return said && /^https?:\/\/\S{1,1990}$/.test(said) ? said : null;
}

/** Content that is claimed: what a platform needs to know of it. */
export interface Content {
  /** What the platform is told, so that it can be found again: of this row alone, in any project. */
  readonly reference: string;
}

/** A platform: how something is published on it, and how one finds out whether it was. */
export interface Platform<Item extends Content> {
  /** Reads a claimed row's own columns. */
  read(work: Record<string, unknown>): Item;
  /**
   * Asks whether it was published already.
   *
   * @param since when it may first have been told
   * @returns null only when it certainly knows nothing of it
   * @throws PlatformError
   */
  find(item: Item, since: Date): Promise<Publication | null>;
  /** @throws PlatformError */
  publish(item: Item): Promise<Publication>;
}

/** The platform as a workspace uses it, with its own account; null when it has none. */
export type PlatformOf<Item extends Content> = (workspace: string) => Platform<Item> | null;

/** Each workspace's platform, made once per run. */
export async function readPlatforms<Item extends Content>(
  database: Database,
  accounts: PlatformAccounts,
  create: (account: PlatformAccount) => Platform<Item>,
): Promise<PlatformOf<Item>> {
  const keyOf = await readKeys(database, accounts);
  const made = new Map<string, Platform<Item>>();
  return (workspace) => {
    const key = keyOf(workspace);
    if (key === null) return null;
    const platform = made.get(key) ?? create({ url: accounts.url, key });
    made.set(key, platform);
    return platform;
  };
}

/** Where a run stops. */
export interface Bounds {
  /** Pieces of content. */
  readonly most: number;
  /** Milliseconds after which nothing more is begun. */
  readonly duration: number;
  /** Seconds that a claim is held without a sign of life; a request takes less than half of it. */
  readonly lease: number;
  /** Seconds before a try is repeated whose outcome is not known. */
  readonly unclearPause: number;
}

/** As the functions run: the platform ends them after 150 s at the earliest. */
export const usualBounds: Bounds = { most: 50, duration: 60_000, lease: 60, unclearPause: 30 };

/** Milliseconds that one request to a platform may take. */
export const platformPatience = 20_000;

/** What a run did. */
export interface Tally {
  published: number;
  /** Of those: found on the platform, from an earlier try. */
  found: number;
  retrying: number;
  failed: number;
  /** Cancelled, or claimed by somebody else in the meantime. */
  lost: number;
}

interface Claimed {
  id: number;
  workspace_id: string;
  attempts: number;
  max_attempts: number;
  claim_token: string;
  work: Record<string, unknown>;
}

interface Held<Item extends Content> {
  queue: string;
  claimed: Claimed;
  platform: Platform<Item>;
  item: Item;
}

type Outcome = keyof Tally;

const isLost = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "PGRST" &&
  error.message.includes('"lease_lost"');

/** Whether an answer could mean "I have that already". */
const saysDuplicate = (error: unknown) =>
  error instanceof PlatformError && [400, 409, 422].includes(error.status ?? 0);

function createRounds<Item extends Content>(
  database: Database,
  platformOf: PlatformOf<Item>,
  bounds: Bounds,
  kind: string,
) {
  const worker = `publisher of ${kind} ${crypto.randomUUID().slice(0, 8)}`;
  const lease = `${bounds.lease} seconds`;
  /** Accounts that asked for time in this run. */
  const busy = new Map<Platform<Item>, PlatformError>();

  async function claim(queue: string): Promise<Claimed | undefined> {
    const [claimed] = await database.run((sql) =>
      sql<Claimed[]>`
        select id, workspace_id, attempts, max_attempts, claim_token, work
        from private.claim_work(${queue}, ${worker}, 1, ${lease})`
    );
    return claimed;
  }

  /** Keeps the lease while something is done. Whoever loses it learns so from the database. */
  async function held<Result>(queue: string, claimed: Claimed, work: () => Promise<Result>) {
    const heartbeat = setInterval(() => {
      database.run((sql) =>
        sql`select private.heartbeat_work(
          ${queue}, ${claimed.claim_token}, array[${claimed.id}::bigint], ${lease})`
      ).catch((error) => log("warning", "a heartbeat failed", { queue, id: claimed.id, error }));
    }, bounds.lease * 1000 / 4);
    try {
      return await work();
    } finally {
      clearInterval(heartbeat);
    }
  }

  async function reserve(queue: string, claimed: Claimed): Promise<Date> {
    const [reserved] = await database.run((sql) =>
      sql<{ since: Date }[]>`
        select private.reserve_publication(
          ${queue}, ${claimed.claim_token}, ${claimed.id}, ${lease}) as since`
    );
    if (!reserved) throw new Error("reserve_publication returned no row");
    return reserved.since;
  }

  /** The first try tells the platform; every other one asks first. */
  async function publishOnce({ queue, claimed, platform, item }: Held<Item>) {
    const since = await reserve(queue, claimed);
    if (claimed.work.tried_at) {
      const earlier = await platform.find(item, since);
      if (earlier) return { publication: earlier, wasFound: true };
      await reserve(queue, claimed); // asking took its time: is it still ours?
    }
    try {
      return { publication: await platform.publish(item), wasFound: false };
    } catch (error) {
      // A platform that refuses duplicates may refuse because it has it: an earlier try arrived late.
      const later = saysDuplicate(error) ? await platform.find(item, since) : null;
      if (!later) throw error;
      return { publication: later, wasFound: true };
    }
  }

  async function complete(queue: string, claimed: Claimed, publication: Publication) {
    const outcome = { posted_url: publication.url, external_id: publication.externalId };
    await database.run((sql) =>
      sql`select private.complete_work(
        ${queue}, ${claimed.claim_token}, array[${claimed.id}::bigint], ${sql.json(outcome)})`
    );
  }

  async function giveBack(
    queue: string,
    claimed: Claimed,
    platform: Platform<Item> | null,
    error: unknown,
  ): Promise<Outcome> {
    const known = error instanceof PlatformError
      ? error
      : new PlatformError("unclear", "publishing failed on our side", { cause: error });
    log("warning", known.message, { queue, id: claimed.id, cause: known.cause });
    const pause = Math.max(
      known.retryAfter ?? 0,
      known.trouble === "busy" ? 60 : bounds.unclearPause,
    );
    if (known.trouble === "busy") {
      // It was not taken up: the attempt does not count. What comes next waits as long, unasked.
      const until = new Date(Date.now() + pause * 1000).toISOString();
      if (platform) busy.set(platform, known);
      await database.run((sql) =>
        sql`select private.snooze_work(
          ${queue}, ${claimed.claim_token}, array[${claimed.id}::bigint], ${until}, ${known.message})`
      );
      return "retrying";
    }
    const isFinal = known.trouble === "refused" || claimed.attempts >= claimed.max_attempts;
    await database.run((sql) =>
      sql`select private.fail_work(
        ${queue}, ${claimed.claim_token}, array[${claimed.id}::bigint], ${known.message},
        greatest(make_interval(secs => ${pause}), private.work_backoff(${claimed.attempts})),
        ${known.trouble !== "refused"})`
    );
    return isFinal ? "failed" : "retrying";
  }

  async function handle(queue: string, claimed: Claimed): Promise<Outcome> {
    const platform = platformOf(claimed.workspace_id);
    try {
      if (!platform) {
        throw new PlatformError("refused", noAccount);
      }
      const asksForTime = busy.get(platform);
      if (asksForTime) throw asksForTime;
      const item = platform.read(claimed.work);
      const { publication, wasFound } = await held(
        queue,
        claimed,
        () => publishOnce({ queue, claimed, platform, item }),
      );
      await complete(queue, claimed, publication);
      return wasFound ? "found" : "published";
    } catch (error) {
      if (isLost(error)) return "lost";
      return await giveBack(queue, claimed, platform, error).catch((second) => {
        if (isLost(second)) return "lost" as const;
        throw second;
      });
    }
  }

  /** One of each queue in turn; returns the queues that may have more, null when it is enough. */
  async function round(queues: string[], tally: Tally, isOver: () => boolean) {
    const more: string[] = [];
    for (const queue of queues) {
      if (isOver()) return null;
      const claimed = await claim(queue);
      if (!claimed) continue;
      more.push(queue);
      const outcome = await handle(queue, claimed);
      tally[outcome]++;
      if (outcome === "found") tally.published++;
    }
    return more;
  }

  return round;
}

/**
 * Publishes until nothing is due or a bound is reached, one piece after another: platforms count
 * requests, and two at a time would only meet the limit sooner. After a 429 the account is left alone.
 */
export async function publishDue<Item extends Content>(
  database: Database,
  kind: string,
  platformOf: PlatformOf<Item>,
  bounds: Bounds = usualBounds,
): Promise<Tally> {
  const round = createRounds(database, platformOf, bounds, kind);
  const tally: Tally = { published: 0, found: 0, retrying: 0, failed: 0, lost: 0 };
  const until = Date.now() + bounds.duration;
  const isOver = () =>
    Date.now() >= until ||
    tally.published + tally.retrying + tally.failed + tally.lost >= bounds.most;
  // In another order each time: no business waits for another.
  const known = await database.run((sql) =>
    sql<{ name: string }[]>`
      select name from private.work_queues where kind = ${kind} order by random()`
  );
  let queues: string[] | null = known.map(({ name }) => name);
  while (queues && queues.length > 0) queues = await round(queues, tally, isOver);
  return tally;
}
