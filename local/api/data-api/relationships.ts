/**
 * Correction 7: which relationship an embedded table means. lite takes each table with keys to both sides for a
 * junction, so that `agents?select=workspaces(*)` is ambiguous, and of a composite key that is named
 * (`folders!folder_is_its_owners`) it compares the first column only. Here relationships are chosen by PostgREST's
 * rules, and lite is left no other choice: it sees only the keys that were chosen.
 *
 * Source of the rules: PostgREST documentation, "Resource Embedding"; a junction is a table whose primary key has the
 * columns of both keys.
 */
import type { ForeignKeyColumn, Introspection } from "./schema.ts";

/** A request as lite has parsed it, as far as embedding goes. */
export interface Query {
  from?: string;
  /** What is called, in place of a table. */
  function?: string;
  select?: (string | Record<string, Embed>)[];
  join?: Record<string, Join>;
}

interface Embed extends Query {
  spread?: boolean;
}

interface Join {
  from?: string;
  hint?: string;
}

/** A whole foreign key. */
interface ForeignKey {
  name: string;
  table: string;
  target: string;
  rows: ForeignKeyColumn[];
}

/** One way from a table to another: a key of either side, or two keys of a junction. */
interface Relationship {
  kind: "many-to-one" | "one-to-many" | "many-to-many";
  target: string;
  keys: ForeignKey[];
  junction?: string;
}

/** What was chosen for one embedded table; `join` is to be told how. */
interface Choice {
  pair: string;
  relationship: Relationship;
  join: Join;
}

/** An answer in PostgREST's form; lite passes it on. */
export class EmbeddingError extends Error {
  readonly code = "PGRST";
  readonly detail: string;
  constructor(status: number, body: Record<string, unknown>) {
    super(JSON.stringify(body));
    this.detail = JSON.stringify({ status, headers: {} });
  }
}

/** Chooses the relationship of each embedded table, notes it in `query`, and returns the keys that lite is to see. */
export function chooseRelationships(query: Query, schema: Introspection): ForeignKeyColumn[] {
  const keys = groupKeys((schema.foreign_keys ?? []) as ForeignKeyColumn[]);
  const choices: Choice[] = [];
  const leftToLite: ForeignKeyColumn[] = [];
  const root = query.from ?? tableOf(query.function, schema);
  if (root) walk(query, root);
  tellLite(choices);
  return [...new Set([...choices.flatMap(rowsOf), ...leftToLite])];

  function walk(level: Query, parent: string): void {
    for (const item of level.select ?? []) {
      if (typeof item === "string") continue;
      for (const [alias, embed] of Object.entries(item)) {
        if (!("select" in embed || "spread" in embed || "join" in embed)) continue;
        const join = (level.join ??= {})[alias] ??= {};
        const named = join.from ?? alias;
        if (isComputed(schema, parent, named)) continue;
        if (named === parent) {
          leftToLite.push(...keys.filter((key) => key.table === parent).flatMap((key) => key.rows));
          walk(embed, parent);
          continue;
        }
        const relationship = choose(parent, named, join.hint, keys, schema);
        join.from = relationship.target;
        choices.push({ pair: [parent, relationship.target].sort().join(" "), relationship, join });
        walk(embed, relationship.target);
      }
    }
  }
}

/** The table whose rows a function returns: what is embedded in them belongs to it. */
function tableOf(name: string | undefined, schema: Introspection): string | undefined {
  const tables = new Set(schema.tables.map((table) => table.name));
  return (schema.functions ?? []).filter((one) => one.name === name)
    .map(({ return_type }) => return_type.replace(/^.*\./, "").replaceAll('"', ""))
    .find((type) => tables.has(type));
}

const rowsOf = ({ relationship }: Choice) => relationship.keys.flatMap(({ rows }) => rows);

/**
 * By a hint where lite understands one rightly; a composite key has none, and must be the only one between its tables.
 */
function tellLite(choices: Choice[]): void {
  for (const { pair, relationship, join } of choices) {
    const [key] = relationship.keys;
    if (relationship.junction) join.hint = relationship.junction;
    else if (key?.rows.length === 1) join.hint = key.name;
    else {
      delete join.hint;
      const isAlone = choices.every((other) =>
        other.pair !== pair || other.relationship.keys[0] === key && !other.relationship.junction
      );
      if (isAlone) continue;
      throw new EmbeddingError(501, {
        code: "PGRST127",
        message: "Feature not implemented",
        details:
          `The local stack embeds ${pair.replace(" ", " and ")} by one relationship per request ` +
          "where a key has several columns. PostgREST embeds them by each.",
        hint: "Ask in two requests.",
      });
    }
  }
}

/** The relationship that PostgREST takes, or its error. */
function choose(
  parent: string,
  named: string,
  hint: string | undefined,
  keys: ForeignKey[],
  schema: Introspection,
): Relationship {
  const found = relationshipsOf(parent, keys, schema).filter((relationship) =>
    hint === undefined
      ? relationship.target === named || isNamedBy(relationship, named, true)
      : relationship.target === named && isNamedBy(relationship, hint, false)
  );
  const [first, ...others] = found;
  if (!first) throw unrelated(parent, named, hint);
  if (others.length === 0) return first;
  const details = found.map((one) => ({
    cardinality: one.kind,
    embedding: `${parent} with ${one.target}`,
    relationship: describe(one),
  }));
  const choicesText = found.map((one) => `'${named}!${one.junction ?? one.keys[0]?.name}'`).join(
    ", ",
  );
  throw new EmbeddingError(300, {
    code: "PGRST201",
    message:
      `Could not embed because more than one relationship was found for '${parent}' and '${named}'`,
    details,
    hint: `Try changing '${named}' to one of the following: ${choicesText}. ` +
      "Find the desired relationship in the 'details' key.",
  });
}

function unrelated(parent: string, named: string, hint: string | undefined): EmbeddingError {
  const using = hint === undefined ? "" : ` using the hint '${hint}'`;
  return new EmbeddingError(400, {
    code: "PGRST200",
    message: `Could not find a relationship between '${parent}' and '${named}' in the schema cache`,
    details:
      `Searched for a foreign key relationship between '${parent}' and '${named}'${using} in the schema 'public', ` +
      "but no matches were found.",
    hint: null,
  });
}

/** Whether a name in place of a table (`isTarget`) or after a `!` means the relationship. */
function isNamedBy(
  { kind, keys, junction }: Relationship,
  name: string,
  isTarget: boolean,
): boolean {
  if (junction !== undefined) return !isTarget && name === junction;
  const [key] = keys;
  const [only, ...more] = key?.rows ?? [];
  if (!key || !only) return false;
  if (name === key.name) return true;
  if (more.length > 0) return false;
  if (kind === "many-to-one") return name === only.column || !isTarget && name === only.ref_column;
  return !isTarget && (name === only.ref_column || name === only.column);
}

function relationshipsOf(
  parent: string,
  keys: ForeignKey[],
  schema: Introspection,
): Relationship[] {
  const own = keys.filter(({ table }) => table === parent);
  const pointing = keys.filter(({ target }) => target === parent);
  return [
    ...own.map((key): Relationship => ({ kind: "many-to-one", target: key.target, keys: [key] })),
    ...pointing.map((key): Relationship => ({
      kind: "one-to-many",
      target: key.table,
      keys: [key],
    })),
    ...pointing.flatMap((near) =>
      keys.filter((far) => far.table === near.table && far.name !== near.name)
        .filter((far) => isJunction(near, far, schema))
        .map((far): Relationship => ({
          kind: "many-to-many",
          target: far.target,
          keys: [near, far],
          junction: near.table,
        }))
    ),
  ];
}

/** Whether the primary key of the table of two keys has all their columns. A view has its table's. */
function isJunction(near: ForeignKey, far: ForeignKey, schema: Introspection): boolean {
  const columns = [...near.rows, ...far.rows].map(({ column }) => column);
  return schema.primary_keys.some(({ table, columns: primary }) =>
    table === near.table && columns.every((column) => primary.includes(column))
  );
}

/** A function of one argument, the table's row, stands for a relationship under its own name; lite knows those. */
function isComputed(schema: Introspection, parent: string, name: string): boolean {
  return (schema.functions ?? []).some((one) =>
    one.name === name && one.arg_types.length === 1 &&
    one.arg_types[0]?.replace(/^.*\./, "").replaceAll('"', "") === parent
  );
}

function groupKeys(rows: ForeignKeyColumn[]): ForeignKey[] {
  const groups = Map.groupBy(
    rows,
    (row) => [row.table, row.ref_table, row.foreign_key_name, row.foreign_key_group].join(" "),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    return [{
      name: first.foreign_key_name,
      table: first.table,
      target: first.ref_table,
      rows: group,
    }];
  });
}

function describe({ kind, keys, junction }: Relationship): string {
  const columns = (key: ForeignKey | undefined, side: "column" | "ref_column") =>
    key?.rows.map((row) => row[side]).join(", ");
  const [near, far] = keys;
  if (junction) {
    return `${junction} using ${near?.name}(${columns(near, "column")}) and ${far?.name}(${
      columns(far, "column")
    })`;
  }
  const child = `${near?.table}(${columns(near, "column")})`;
  const parent = `${near?.target}(${columns(near, "ref_column")})`;
  return `${near?.name} using ${
    kind === "many-to-one" ? `${child} and ${parent}` : `${parent} and ${child}`
  }`;
}
