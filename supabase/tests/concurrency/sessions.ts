/**
 * What the tests of concurrency stand on: real sessions, each a connection of its own, chance that
 * can be repeated, and people in workspaces that are gone when a test ends.
 */
import postgres from "postgres";

/** A connection of its own: its statements run one after the other. */
export type Session = postgres.Sql<{ bigint: number }>;

/** Opens sessions as the project's own role and lends them; they are closed however the body ends. */
export async function withSessions<T>(
  count: number,
  body: (sessions: Session[], watcher: Session) => Promise<T>,
  url = required("SUPABASE_DB_URL"),
): Promise<T> {
  const open = Array.from({ length: count + 1 }, () =>
    postgres(url, {
      max: 1,
      onnotice: () => {},
      idle_timeout: 0,
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    }));
  try {
    return await body(open.slice(1), open[0]!);
  } finally {
    await Promise.all(open.map((session) => session.end({ timeout: 5 })));
  }
}

/** A variable of the environment that the runner sets. */
export function required(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set: run this by npm test -- --only concurrency`);
  return value;
}

/** Numbers that look random and are the same for the same seed. Source: mulberry32, public domain. */
export interface Chance {
  seed: number;
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
  /** Whether something happens that happens this often (0…1). */
  happens(share: number): boolean;
  shuffle<T>(items: readonly T[]): T[];
  /** Another chance, so that each session has its own and they do not depend on who is faster. */
  fork(): Chance;
}

/** Chance from GROUNDWORK_TEST_SEED, or from a seed that is printed. */
export function takeChance(): Chance {
  const given = Deno.env.get("GROUNDWORK_TEST_SEED");
  const seed = given ? Number(given) : crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`GROUNDWORK_TEST_SEED=${seed}`);
  return chanceOf(seed);
}

function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    seed,
    below,
    pick: (items) => items[below(items.length)]!,
    happens: (share) => next() < share,
    shuffle: (items) =>
      items.map((item) => ({ item, place: next() })).sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
    fork: () => chanceOf(below(2 ** 32)),
  };
}

/** Waits for up to so many milliseconds: what makes interleavings differ. */
export const dawdle = (chance: Chance, most: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, chance.below(most + 1)));

/** What became of a statement: `ok`, the code of an error of ours, or Postgres's SQLSTATE. */
export async function outcomeOf(statement: Promise<unknown>): Promise<string> {
  try {
    await statement;
    return "ok";
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    return error.code === "PGRST" ? JSON.parse(error.message).code : error.code;
  }
}

/** Until somebody waits for somebody: a statement like this one, or any. */
export async function waitsForLock(sql: Session, statement = "%"): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    const [row] = await sql`
      select count(*) as n from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database() and query like ${statement}`;
    if (Number(row?.n) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`nobody waits: ${statement}`);
}

/** Deletes a workspace. The scheduled jobs go on beside the tests, and a deadlock with one of them is tried again. */
async function deleteWorkspace(sql: Session, workspace: string, attempts = 3): Promise<void> {
  try {
    await sql`delete from public.workspaces where id = ${workspace}`;
  } catch (error) {
    if ((error as { code?: string }).code !== "40P01" || attempts <= 1) throw error;
    await deleteWorkspace(sql, workspace, attempts - 1);
  }
}

/** Makes a workspace with people of one role, lends it, and takes everything away again. */
export async function withWorkspace<T>(
  sql: Session,
  people: { role: string; count: number }[],
  body: (workspace: string, people: string[]) => Promise<T>,
): Promise<T> {
  const workspace = crypto.randomUUID();
  const roles = people.flatMap(({ role, count }) => Array.from({ length: count }, () => role));
  const ids = roles.map(() => crypto.randomUUID());
  try {
    await sql`insert into auth.users (id, email, confirmation_sent_at, email_confirmed_at)
      select id, id || '@tests.example', now(), now() from unnest(${ids}::uuid[]) as id`;
    await sql`insert into public.workspaces (id, name, slug)
      values (${workspace}, 'Concurrency', ${`tests-${workspace}`})`;
    // Races are run with more than the smallest plan has; what limits do has tests of its own.
    await sql`insert into public.workspace_limits (workspace_id, name, value)
      select ${workspace}, name, 1000000 from private.limits where subject = 'workspace'`;
    await sql`insert into public.members (workspace_id, user_id, role)
      select ${workspace}, person, role
      from unnest(${ids}::uuid[], ${roles}::text[]) as given (person, role)`;
    return await body(workspace, ids);
  } finally {
    await deleteWorkspace(sql, workspace);
    await sql`delete from private.request_claims where workspace_id = ${workspace}`;
    await sql`delete from auth.users where id = any (${ids}::uuid[])`;
  }
}
