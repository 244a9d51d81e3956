/** Connections of the stack itself. */
import postgres from "postgres";
import { keepOpen } from "./lost-connections.ts";

/** A client for preparing and watching the database. Notices ("already exists, skipping") are left unsaid. */
export function connect(url: string, options: { max?: number } = {}): postgres.Sql {
  return keepOpen((onclose) =>
    postgres(url, {
      max: options.max ?? 1,
      onnotice: () => {},
      onclose,
      max_lifetime: null, // none closes but by a loss
      connection: { application_name: "groundwork-stack" },
    })
  );
}
