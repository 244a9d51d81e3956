/** Secrets of the vault: each database encrypts with a key of its own, so they are read here and sealed again there. */
import { asReplica, type Side } from "./connect.ts";
import type { Plan } from "./plan.ts";

interface Reference {
  name: string;
  column: string;
  workspaceColumn: string;
}

const referencesOf = new WeakMap<Plan, Reference[]>();

/** The columns that refer to the vault. */
async function readReferences({ sql }: Side, plan: Plan): Promise<Reference[]> {
  const known = referencesOf.get(plan);
  if (known) return known;
  const { travelling, through } = plan;
  const columns = new Map([
    ...travelling.map(({ name, column }): [string, string] => [name, column]),
    ...through.map(({ name }): [string, string] => [name, "workspace_id"]),
  ]);
  const rows = await sql<{ name: string; column: string }[]>`
    select t.name, quote_ident(a.attname) as column
    from unnest(${[...columns.keys()]}::text[]) as t (name)
    join pg_attribute as a on a.attrelid = t.name::regclass and a.attname like '%secret\_id'
      and a.atttypid = 'uuid'::regtype and not a.attisdropped`;
  const references = rows.map((row) => ({ ...row, workspaceColumn: columns.get(row.name)! }));
  referencesOf.set(plan, references);
  return references;
}

const nameAtTarget = (id: string): string => `groundwork_moved_${id}`;

/**
 * Copies the secrets that rows of the workspace refer to, and makes the rows there refer to the copies. Safe to repeat:
 * what is there already is only compared.
 */
export async function copySecrets(
  source: Side,
  target: Side,
  workspace: string,
  plan: Plan,
): Promise<void> {
  for (const reference of await readReferences(source, plan)) {
    const { name, column, workspaceColumn } = reference;
    const secrets = await source.sql.unsafe<
      { id: string; secret: string; description: string }[]
    >(
      `select s.id, s.decrypted_secret as secret, coalesce(s.description, '') as description
       from ${name} as t join vault.decrypted_secrets as s on s.id = t.${column}
       where t.${workspaceColumn} = $1`,
      [workspace],
    );
    if (secrets.length === 0) continue;
    await asReplica(target, async (sql) => {
      const names = secrets.map(({ id }) => nameAtTarget(id));
      const known = new Map(
        (await sql<{ id: string; name: string; secret: string }[]>`
          select id, name, decrypted_secret as secret from vault.decrypted_secrets where name = any (${names})`)
          .map((row) => [row.name, row]),
      );
      const copies: string[] = [];
      for (const { id, secret, description } of secrets) {
        const copy = known.get(nameAtTarget(id));
        if (copy && copy.secret !== secret) {
          await sql`select vault.update_secret(${copy.id}::uuid, ${secret})`;
        }
        const [made] = copy ? [copy] : await sql<{ id: string }[]>`
          select vault.create_secret(${secret}, ${nameAtTarget(id)}, ${description}) as id`;
        copies.push(made!.id);
      }
      await sql.unsafe(
        `update ${name} as t set ${column} = pair.copy
         from unnest($1::uuid[], $2::uuid[]) as pair (id, copy)
         where t.${column} = pair.id and t.${workspaceColumn} = $3`,
        [secrets.map(({ id }) => id) as never, copies as never, workspace],
      );
    });
  }
}

/** Deletes the secrets of a copy of the workspace, before its rows. */
export async function forgetSecrets(side: Side, workspace: string, plan: Plan): Promise<void> {
  for (const { name, column, workspaceColumn } of await readReferences(side, plan)) {
    await side.sql.unsafe(
      `delete from vault.secrets as s using ${name} as t
       where s.id = t.${column} and t.${workspaceColumn} = $1`,
      [workspace],
    );
  }
}
