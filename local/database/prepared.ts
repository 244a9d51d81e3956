/** Statements that clients prepare by SQL (`prepare a as …`): two clients of one session may use the same name. */
import type { Belongings } from "./apart.ts";
import { quote } from "./settings.ts";
import { type Message, message, readRow, text } from "./wire.ts";

const listing = message(
  "Q",
  text("select name, statement from pg_catalog.pg_prepared_statements where from_sql"),
);

/** Takes a client's statements away with it, and prepares them again when its turn comes. */
export function keepPreparedApart(
  run: (bytes: Uint8Array) => Message[],
  runSql: (sql: string) => unknown,
) {
  /** Whether the session may have any; looking costs a query. */
  let hasAny = false;
  return {
    /** Hears what was done. */
    note(tags: string[]): void {
      if (tags.some((tag) => tag === "PREPARE" || tag.startsWith("DEALLOCATE"))) hasAny = true;
    },

    /** Takes along what the client has prepared; null: nobody wants it any more. */
    pack(belongings: Belongings | null): void {
      if (!hasAny) return;
      hasAny = false;
      belongings?.prepared.clear();
      for (const { type, bytes } of run(listing)) {
        if (type !== "D") continue;
        const [name = "", statement = ""] = readRow(bytes);
        belongings?.prepared.set(name, statement);
        runSql(`deallocate ${quote(name)}`);
      }
    },

    unpack({ prepared }: Belongings): void {
      for (const statement of prepared.values()) runSql(statement);
      hasAny = prepared.size > 0;
    },
  };
}
