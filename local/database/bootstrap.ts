/** Makes a bare Postgres look like the platform's before the first migration. */
import { getAuthSchemaSql, getStorageSchemaSql } from "@supabase/lite";
import type postgres from "postgres";

const read = (name: string) => Deno.readTextFile(new URL(name, import.meta.url));

/** Makes the partitions of `realtime.messages` that are needed now, and drops the old ones. May be run again. */
export const readPartitionScript = () => read("./realtime-partitions.sql");

/** The scripts that make a bare Postgres look like the platform's, in order. Each may be run again. */
export async function bootstrapScripts(): Promise<string[]> {
  return [
    await read("./bootstrap.sql"),
    await read("./bootstrap-realtime.sql"),
    await readPartitionScript(),
    getAuthSchemaSql(false),
    getStorageSchemaSql(false),
    await read("./bootstrap-auth-storage.sql"),
    await read("./bootstrap-limits.sql"),
  ];
}

/**
 * Creates what the platform's image has: roles, schemas, extensions, Auth's and Storage's tables, the rights on them.
 * May be run again. `admin` is a superuser.
 */
export async function bootstrap(admin: postgres.Sql): Promise<void> {
  for (const script of await bootstrapScripts()) await admin.unsafe(script).simple();
}

/** Sets secrets in the vault; one that exists already gets the new value. */
export async function setVaultSecrets(
  admin: postgres.Sql,
  secrets: Record<string, string>,
): Promise<void> {
  for (const [name, secret] of Object.entries(secrets)) {
    const [existing] = await admin<
      { id: string }[]
    >`select id from vault.secrets where name = ${name}`;
    if (existing) await admin`select vault.update_secret(${existing.id}, ${secret})`;
    else await admin`select vault.create_secret(${secret}, ${name}, 'set by the local stack')`;
  }
}
