/** drizzle, as it is published, over this database: pulled, completed by the package, compiled, and asked. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT } from "../../../local/testing/deno-test.ts";
import { runIn } from "../../../local/package/build.ts";
import { completeDrizzleRelations, completeDrizzleSchema } from "../../../types/drizzle-schema.ts";
import { withSessions } from "../concurrency/sessions.ts";

const url = Deno.env.get("SUPABASE_DB_URL") ?? "";

const files = {
  "drizzle.config.ts": `export default ${
    JSON.stringify({
      dialect: "postgresql",
      out: "./drizzle",
      schemaFilter: ["public"],
      dbCredentials: { url },
    })
  };`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      module: "nodenext",
      target: "esnext",
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    },
    include: ["drizzle"],
  }),
  "ask.ts": `
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import * as relations from "./drizzle/relations.js";
import * as schema from "./drizzle/schema.js";
const sql = postgres(${JSON.stringify(url)});
const db = drizzle(sql, { schema: { ...schema, ...relations } });
const talks = await db.query.conversations.findMany({ with: { messages: true } });
console.log(talks.reduce((sum, { messages }) => sum + messages.length, 0));
await sql.end();`,
};

Deno.test("what drizzle-kit pulls compiles once it is completed, and relations find their rows", async () => {
  const folder = await Deno.makeTempDir({ prefix: "groundwork-drizzle-" });
  try {
    for (const file of ["package.json", "package-lock.json"]) {
      await Deno.copyFile(join(PROJECT, "local/package/orm", file), join(folder, file));
    }
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    await runIn(folder, "npm", "ci", ...quietly);
    const program = (name: string, ...args: string[]) =>
      runIn(folder, join(folder, "node_modules/.bin", name), ...args);
    await program("drizzle-kit", "pull");
    await assert.rejects(program("tsc"), /error TS/, "drizzle-kit needs no help any more");
    const [schemaFile, relationsFile] = ["schema.ts", "relations.ts"].map((name) =>
      join(folder, "drizzle", name)
    ) as [string, string];
    const schema = await Deno.readTextFile(schemaFile);
    const relations = await Deno.readTextFile(relationsFile);
    await Deno.writeTextFile(schemaFile, completeDrizzleSchema(schema));
    await Deno.writeTextFile(relationsFile, completeDrizzleRelations(relations, schema));
    await program("tsc");

    const options = ["--allow-all", "--node-modules-dir=manual", "--unstable-sloppy-imports"];
    const said = await runIn(folder, Deno.execPath(), "run", "--quiet", ...options, "ask.ts");
    await withSessions(0, async (_, sql) => {
      const [counted] = await sql<{ count: number }[]>`
        select count(*)::integer as count from public.messages`;
      assert.ok(counted && counted.count > 0);
      assert.equal(Number(said), counted.count);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
