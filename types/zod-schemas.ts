/**
 * Writes schemas of zod for the tables and views of a `database.types.ts` as the CLI of Supabase generates it: what may
 * be read of a table, inserted and updated.
 */

/** A row's columns, by what is done with it. */
type Form = "Row" | "Insert" | "Update";

interface Column {
  name: string;
  isOptional: boolean;
  type: string;
}

/** What types of columns are in zod. A column that the database fills by itself takes nothing. */
const schemaOfType: Readonly<Record<string, string>> = {
  string: "z.string()",
  number: "z.number()",
  boolean: "z.boolean()",
  unknown: "z.unknown()",
  never: "z.never()",
  Json: "z.json()",
  "NonNullable<Json>": "someJson",
};

function schemaOf(type: string, column: string): string {
  const bare = type.replace(/ \| null$/, "");
  if (bare !== type) return `${schemaOf(bare, column)}.nullable()`;
  const [, ofList] = /^\(?(.+?)\)?\[\]$/.exec(type) ?? [];
  if (ofList !== undefined) return `z.array(${schemaOf(ofList, column)})`;
  if (/^"[^"]*"( \| "[^"]*")*$/.test(type)) return `z.enum([${type.replaceAll(" |", ",")}])`;
  const schema = schemaOfType[type];
  if (schema === undefined) throw new Error(`${column}: ${type} has no schema`);
  return schema;
}

/** `agent_consents` and `Row`: `agentConsentsRowSchema`. */
const nameOf = (table: string, form: Form): string =>
  `${table.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase())}${form}Schema`;

function writeSchema(table: string, form: Form, columns: readonly Column[]): string {
  // A row may have more columns than are known; a column that is written must be one.
  const kind = form === "Row" ? "object" : "strictObject";
  const fields = columns.map(({ name, isOptional, type }) => {
    const schema = schemaOf(type, `${table}.${name}`);
    return `  ${name}: ${schema}${isOptional ? ".exactOptional()" : ""},`;
  });
  return `/** ${form} of \`${table}\`. */\nexport const ${nameOf(table, form)} = z.${kind}({\n${
    fields.join("\n")
  }\n});`;
}

const heading = `// Made by groundwork-zod from the types of the database.
import { z } from "zod";

/** JSON that is not null. */
const someJson = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.json()),
  z.record(z.string(), z.json()),
]);`;

/**
 * Writes the schemas: `agentsRowSchema`, `agentsInsertSchema`, `agentsUpdateSchema` of each table, and the first of
 * each view.
 *
 * @param types the text of `database.types.ts`, or of the declarations made of it
 * @throws Error where a column is of a type that has no schema, or there is no table
 */
export function writeZodSchemas(types: string): string {
  const schemas: string[] = [];
  /** The names of the braces that are open: `Database`, `public`, `Tables`, `agents`, `Row`. */
  const open: string[] = [];
  let columns: Column[] = [];
  for (const line of types.split("\n").map((text) => text.trim())) {
    const [, opened] = /^(?:export (?:declare )?(?:type|interface) )?"?([\w$]+)"?\??:?(?: =)? \{$/
      .exec(line) ?? [];
    const [schema, section, table, form] = open.slice(-4);
    const isForm = open.length === 5 && schema === "public" &&
      (section === "Tables" || section === "Views") &&
      (form === "Row" || form === "Insert" && section === "Tables" ||
        form === "Update" && section === "Tables");
    const [, name, mark, type] = /^"?(\w+)"?(\??): ([^{]+);$/.exec(line) ?? [];
    if (opened !== undefined) open.push(opened);
    else if (/^\}[;,]?$/.test(line)) {
      if (isForm) schemas.push(writeSchema(table!, form as Form, columns));
      columns = [];
      open.pop();
    } else if (/\{$/.test(line)) open.push("");
    else if (/^\}/.test(line)) open.pop();
    else if (isForm && name !== undefined) {
      columns.push({ name, isOptional: mark === "?", type: type! });
    }
  }
  if (schemas.length === 0) throw new Error("These are no types of a database: they have no table");
  return `${[heading, ...schemas].join("\n\n")}\n`;
}
