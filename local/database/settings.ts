/** What a client sets: at its start, and how all of it is taken back for the next one. */

/**
 * Brings the session back to how a new connection would find it. In PGlite `reset session
 * authorization` has no effect, naming the role does. Its own time zone is GMT, the platform's is
 * UTC; the search path is the one that bootstrap.sql gives to the database.
 */
export const resetSession = `set session authorization postgres; reset role; reset all;
  set timezone = 'UTC'; set search_path = "$user", public, extensions`;

/** A name as SQL has it. */
export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Settings that a client asks for in its startup packet, as SQL. */
export function startupSettings(parameters: Map<string, string>): string[] {
  const ignored = [
    "user",
    "database",
    "application_name",
    "client_encoding",
    "replication",
    "options",
  ];
  const settings = [...parameters].filter(([name, value]) =>
    !ignored.includes(name) && !name.startsWith("_pq_.") &&
    !(name.toLowerCase() === "timezone" && value === "UTC")
  );
  for (
    const [, name, value] of (parameters.get("options") ?? "").matchAll(/-c\s*([\w.]+)=(\S+)/g)
  ) {
    settings.push([name ?? "", value ?? ""]);
  }
  const sql = settings.map(([name, value]) => `set ${name} = '${value.replaceAll("'", "''")}'`);
  const user = parameters.get("user") ?? "postgres";
  if (user !== "postgres") {
    sql.unshift(`set session authorization ${quote(user)}`);
  }
  return sql;
}
