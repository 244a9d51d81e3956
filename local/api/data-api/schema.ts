/**
 * What the Data API sees of the database. @supabase/lite looks at every schema, so that a column of `realtime.messages`
 * is taken for one of `public.messages`; PostgREST looks at the exposed ones only (correction 6).
 */
import type { createPostgresConnection } from "@supabase/lite/postgres";

/** lite's connection to Postgres. */
export type LiteConnection = ReturnType<typeof createPostgresConnection>;
/** lite's picture of the database. */
export type Introspection = Awaited<ReturnType<LiteConnection["introspect"]>>;

/** One column pair of a foreign key, as lite has it: a composite key is several of them. */
export interface ForeignKeyColumn {
  table: string;
  column: string;
  schema?: string;
  ref_table: string;
  ref_column: string;
  foreign_key_name: string;
  /** Set where a view takes the place of a table. */
  foreign_key_group?: string;
  fk_def?: string;
}

const isExposed = (schemas: readonly string[]) => ({ schema }: { schema?: string | undefined }) =>
  schemas.includes(schema ?? "public");

/** The part of the picture that is in the exposed schemas. */
export function exposedPart(whole: Introspection, schemas: readonly string[]): Introspection {
  const exposed = isExposed(schemas);
  const keys = (whole.foreign_keys ?? []) as ForeignKeyColumn[];
  return {
    ...whole,
    tables: whole.tables.filter(exposed),
    views: whole.views.filter(exposed).map(withoutDefinition),
    columns: whole.columns.filter(exposed).map(byBaseType),
    indexes: whole.indexes.filter(exposed),
    primary_keys: whole.primary_keys.filter(exposed),
    unique_constraints: whole.unique_constraints?.filter(exposed),
    functions: whole.functions?.filter(exposed),
    foreign_keys: keys.filter((key) => exposed(key) && !pointsElsewhere(key, schemas)),
  } as Introspection;
}

/** Whether a foreign key points to a table of a schema that is not exposed: its definition names the schema then. */
function pointsElsewhere({ fk_def }: ForeignKeyColumn, schemas: readonly string[]): boolean {
  const schema = /REFERENCES "?(\w+)"?\./.exec(fk_def ?? "")?.[1];
  return schema !== undefined && !schemas.includes(schema);
}

/**
 * From a view's definition lite guesses further many-to-many relationships; the keys of views are in the picture
 * already.
 */
const withoutDefinition = <View extends { sql?: string }>(view: View): View => ({
  ...view,
  sql: "",
});

/**
 * A domain over JSON is JSON: lite calls it by the domain's name. Its type (of an array: its element's) is right
 * already.
 */
function byBaseType<Column extends { type: string; pg_type?: string }>(column: Column): Column {
  const isJson = column.type === "jsonb" || column.type === "json";
  return isJson && !column.pg_type?.startsWith("_") ? { ...column, pg_type: column.type } : column;
}
