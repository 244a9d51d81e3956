/**
 * Completes what `drizzle-kit pull` writes of this database, so that it compiles. drizzle-kit knows no domains and not
 * every type of Postgres, writes an empty default as half a string, names tables that it has not pulled, and mixes up
 * the columns of keys that have several.
 */

/** What the domains of columns are made of, as builders of drizzle-orm. A test compares it with the migrations. */
export const builderOfDomain: Readonly<Record<string, string>> = {
  "private.action_name": "text",
  "private.attachment_list": "jsonb",
  "private.audit_detail": "jsonb",
  "private.language_name": "text",
  "private.message_parts": "jsonb",
  "private.short_text": "text",
  "private.traceparent": "text",
  "private.work_priority": "smallint",
};

/** The names of what a schema exports. */
const tablesOf = (schema: string): Set<string> =>
  new Set([...schema.matchAll(/^export const (\w+) =/gm)].map(([, name = ""]) => name));

const nameOf = (column: string): string => column.split(".").at(-1) ?? "";

/**
 * Keys of several columns: drizzle-kit tells their columns in an order of its own on the other side. Those of the same
 * name belong together, and what is left over does.
 */
function alignKeys(text: string): string {
  return text.replaceAll(
    /((?:columns|fields): \[)([^\]]+)(\],\s*(?:foreignColumns|references): \[)([^\]]+)\]/g,
    (_, before, own, between, others) => {
      const columns = own.split(", ") as string[];
      const left = new Set<string>(others.split(", "));
      const same = columns.map((column) =>
        [...left].find((other) => nameOf(other) === nameOf(column))
      );
      for (const one of same) if (one) left.delete(one);
      const rest = [...left];
      return `${before}${own}${between}${same.map((one) => one ?? rest.shift()).join(", ")}]`;
    },
  );
}

/** A column of a type that drizzle-kit does not know. */
function columnOf(type: string, column: string): string {
  const builder = builderOfDomain[type];
  if (builder) return `${builder}(${column})`;
  const [, dimensions] = /^halfvec\((\d+)\)$/.exec(type) ?? [];
  if (dimensions) return `halfvec(${column}, { dimensions: ${dimensions} })`;
  const data = type === "bytea" ? "Uint8Array" : "string";
  return `customType<{ data: ${data} }>({ dataType: () => "${type}" })(${column})`;
}

/**
 * Completes `schema.ts`.
 *
 * @param text as `drizzle-kit pull` (0.31) wrote it; what was completed already is returned as it is
 */
export function completeDrizzleSchema(text: string): string {
  if (text.includes("PgTableExtraConfigValue")) return text;
  const tables = tablesOf(text);
  const hasUsers = !tables.has("users") && text.includes("[users.");
  const known = (table: string) => table === "table" || table === "users" || tables.has(table);
  const completed = alignKeys(text)
    .replaceAll(
      /\/\/ TODO: failed to parse database type '([^']+)'\n\s*(\w+): unknown\(("[^"]+")\)/g,
      (_, type, name, column) => `${name}: ${columnOf(type, column)}`,
    )
    .replaceAll(/\.default\('\)(?=[.,])/g, ".default('')")
    // Of a table that is nobody's to read there is nothing to refer to; the constraint holds all the same.
    .replaceAll(
      /^\s*foreignKey\(\{[^{}]*foreignColumns: \[(\w+)\.[^{}]*\}\)[^\n]*,\n/gm,
      (block, table) => known(table) ? block : "",
    )
    // An option of a view stands as it was written, and drizzle knows it as a boolean.
    .replaceAll(
      /("security(?:Invoker|Barrier)":)"(on|yes|1|off|no|0)"/g,
      (_, option, value) => option + /on|yes|1/.test(value),
    )
    // Two tables that refer to each other would be of each other's type.
    .replaceAll("(table) => [", "(table): PgTableExtraConfigValue[] => [");
  return [
    `import { customType, halfvec, type PgTableExtraConfigValue } from "drizzle-orm/pg-core";`,
    ...(hasUsers ? [`import { authUsers as users } from "drizzle-orm/supabase";`] : []),
    completed,
  ].join("\n");
}

/** A key that refers to another table. */
interface ForeignKey {
  table: string;
  columns: string[];
  target: string;
  others: string[];
}

/** All keys of a schema that refer to other tables, in their order. */
function readForeignKeys(schema: string): ForeignKey[] {
  return schema.split(/^export const /m).flatMap((section) => {
    const table = /^\w+/.exec(section)?.[0] ?? "";
    const keys = section.matchAll(/columns: \[([^\]]+)\],\s*foreignColumns: \[(\w+)([^\]]+)\]/g);
    return [...keys].map(([, columns = "", target = "", others = ""]) => ({
      table,
      columns: columns.split(", ").map(nameOf),
      target: target === "table" ? table : target,
      others: others.split(", ").map(nameOf),
    }));
  });
}

/** Relations over keys of several columns, of which drizzle-kit tells the first alone. */
function completeKeys(text: string, schema: string): string {
  const keys = readForeignKeys(alignKeys(schema));
  return text.replaceAll(
    /one\((\w+), \{(\s*)fields: \[(\w+)\.(\w+)\],\s*references: \[[^\]]+\]/g,
    (relation, target, space, table, column) => {
      const place = keys.findIndex((key) =>
        key.table === table && key.target === target && key.columns[0] === column
      );
      const [key] = place < 0 ? [] : keys.splice(place, 1);
      if (!key || key.columns.length === 1) return relation;
      const fields = key.columns.map((name) => `${table}.${name}`).join(", ");
      const references = key.others.map((name) => `${target}.${name}`).join(", ");
      return `one(${target}, {${space}fields: [${fields}],${space}references: [${references}]`;
    },
  );
}

/**
 * Completes `relations.ts`: without the tables that were not pulled, and with an import that Node finds, too.
 *
 * @param text as `drizzle-kit pull` wrote it
 * @param schema what is in `schema.ts` beside it
 */
export function completeDrizzleRelations(text: string, schema: string): string {
  const tables = tablesOf(schema);
  const [, list = ""] = /^import \{ (.*) \} from "\.\/schema"/m.exec(text) ?? [];
  const [pulled, others] = [true, false].map((wanted) =>
    list.split(", ").filter((name) => tables.has(name) === wanted)
  ) as [string[], string[]];
  const imported = completeKeys(text, schema).replace(
    /^import \{ .* \} from "\.\/schema"/m,
    `import { ${pulled.join(", ")} } from "./schema.js"`,
  );
  return others.filter(Boolean).reduce(
    (rest, name) =>
      rest.replaceAll(
        new RegExp(`^export const \\w+ = relations\\(${name},[^]*?^\\}\\)\\);\n+`, "gm"),
        "",
      )
        .replaceAll(new RegExp(`^\t\\w+: (?:one|many)\\(${name}\\b[^()]*\\),\n`, "gm"), ""),
    imported,
  );
}
