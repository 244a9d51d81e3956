/**
 * Who may hear and speak on a private topic: whoever the policies on `realtime.messages` let read and
 * insert a row of it. Decided as the
 * platform decides: a row is inserted and looked for as the person, with the topic set, and everything is rolled back.
 */
import type postgres from "postgres";
import type { Claims } from "./tokens.ts";

/** What a message is of. The policies can tell them apart. */
export type Extension = "broadcast" | "presence";

/** Somebody on a topic. */
export interface Person {
  claims: Claims;
  headers: Record<string, string>;
  topic: string;
}

/** The policies could not be asked, or one of them failed. */
export class PolicyError extends Error {
  override name = "PolicyError";
}

/** Carries the answer out of a transaction that is to be undone. */
class Undone extends Error {
  constructor(public readonly allowed: Set<Extension>) {
    super("undone");
  }
}

/** Of which extensions the person may read messages. @throws PolicyError */
export function mayRead(
  sql: postgres.Sql,
  person: Person,
  extensions: Extension[],
): Promise<Set<Extension>> {
  return probe(sql, async (transaction) => {
    const ids = new Map<string, Extension>(
      extensions.map((extension) => [crypto.randomUUID(), extension]),
    );
    const rows = [...ids].map(([id, extension]) => ({ id, extension, topic: person.topic }));
    await transaction`insert into realtime.messages ${transaction([...rows])}`;
    await become(transaction, person);
    const seen = await transaction<{ id: string }[]>`
      select message.id::text from realtime.messages as message
      where message.id = any (${[...ids.keys()]}::uuid[])`;
    return new Set(
      extensions.filter((extension) => seen.some(({ id }) => ids.get(id) === extension)),
    );
  });
}

/** Of which extensions the person may insert messages. @throws PolicyError */
export function mayWrite(
  sql: postgres.Sql,
  person: Person,
  extensions: Extension[],
): Promise<Set<Extension>> {
  return probe(sql, async (transaction) => {
    await become(transaction, person);
    const allowed = new Set<Extension>();
    for (const extension of extensions) {
      const row = { topic: person.topic, extension };
      const isAllowed = await transaction.savepoint((attempt) =>
        attempt`insert into realtime.messages ${attempt(row)}`
      ).then(() => true, (error) => {
        if (error.code === "42501") return false;
        throw error;
      });
      if (isAllowed) allowed.add(extension);
    }
    return allowed;
  });
}

async function probe(
  sql: postgres.Sql,
  body: (transaction: postgres.TransactionSql) => Promise<Set<Extension>>,
): Promise<Set<Extension>> {
  try {
    return await sql.begin(async (transaction) => {
      throw new Undone(await body(transaction));
    });
  } catch (error) {
    if (error instanceof Undone) return error.allowed;
    throw new PolicyError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Only roles that the Data API may take on as well: a token must not make anybody the database's owner. */
export async function become(sql: postgres.TransactionSql, person: Person): Promise<void> {
  const { claims, headers, topic } = person;
  const [taken] = await sql`
    select
      set_config('statement_timeout', '5s', true),
      set_config('realtime.topic', ${topic}, true),
      set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
      set_config('request.jwt.claim.sub', ${claims.sub ?? ""}, true),
      set_config('request.jwt.claim.role', ${claims.role}, true),
      set_config('request.headers', ${JSON.stringify(headers)}, true),
      set_config('role', role.rolname, true)
    from pg_catalog.pg_roles as role
    where role.rolname = ${claims.role} and pg_catalog.pg_has_role('authenticator', role.oid, 'member')
      and role.rolname <> 'authenticator'`;
  if (!taken) throw new PolicyError(`role "${claims.role}" may not be taken on`);
}
