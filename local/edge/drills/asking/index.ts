/** A function that says how it reached the database, by our own way of reaching it. */
import { createDatabase } from "../../../../supabase/functions/_shared/database.ts";
import { parseEnvironment } from "../../../../supabase/functions/_shared/environment.ts";

const database = createDatabase(parseEnvironment());
const patience = { acquire: 10_000, query: 10_000 };

export default {
  async fetch(request: Request): Promise<Response> {
    try {
      const size = Number(new URL(request.url).searchParams.get("size") ?? 1);
      const asked = Array.from(
        { length: 20 },
        () =>
          database.run(
            (sql) =>
              sql<{ ssl: boolean; text: string }[]>`
            select ssl, repeat('x', ${size}) as text from pg_stat_ssl where pid = pg_backend_pid()`,
            patience,
          ),
      );
      const answers = (await Promise.all(asked)).flat();
      const isWhole = answers.every(({ text }) => text.length === size);
      return Response.json({ encrypted: [...new Set(answers.map(({ ssl }) => ssl))], isWhole });
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 503 });
    }
  },
};
