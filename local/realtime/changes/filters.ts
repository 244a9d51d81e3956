/**
 * What a client of `postgres_changes` asks for: a table, an event, and conditions in PostgREST's form,
 * read into SQL.
 */

/** A condition: `column=[not.]operator.value`. */
export interface Condition {
  column: string;
  operator: string;
  value: string;
  isNegated: boolean;
}

/** A subscription as it was asked for. */
export interface Asked {
  event: "*" | "INSERT" | "UPDATE" | "DELETE";
  schema: string;
  table: string;
  conditions: Condition[];
  /** Columns to be told, besides the key; null: all. */
  select: string[] | null;
}

/** What cannot be subscribed to, in words for the client. */
export class FilterError extends Error {
  override name = "FilterError";
}

const operators: Record<string, string> = {
  eq: "=",
  neq: "<>",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
  isdistinct: "is distinct from",
};
const mostConditions = 20;
const mostValues = 100;

/** Reads what a client sent. @throws FilterError */
export function readAsked(asked: Record<string, unknown>): Asked {
  const { event, schema = "public", table = "*", filter, select } = asked;
  if (asked.schema === undefined && asked.table === undefined) {
    throw new FilterError(
      "No subscription params provided. Please provide at least a `schema` or `table`",
    );
  }
  if (typeof schema !== "string" || typeof table !== "string") {
    throw new FilterError("`schema` and `table` are texts");
  }
  const named = String(event ?? "*").toUpperCase();
  const columns = Array.isArray(select)
    ? select.filter((column): column is string => typeof column === "string")
    : [];
  return {
    event: named === "INSERT" || named === "UPDATE" || named === "DELETE" ? named : "*",
    schema,
    table,
    conditions: typeof filter === "string" ? readConditions(filter) : [],
    select: columns.length > 0 ? columns : null,
  };
}

/** Conditions that all hold, separated by commas outside of quotes and parentheses. @throws FilterError */
export function readConditions(filter: string): Condition[] {
  if (filter.trim() === "") return [];
  const conditions = splitOutside(filter.trim(), ",").map(readCondition);
  if (conditions.length > mostConditions) {
    throw new FilterError(`at most ${mostConditions} conditions`);
  }
  return conditions;
}

function readCondition(text: string): Condition {
  const [, column, not, operator, value] = /^([^=]+)=(not\.)?(\w+)\.(.*)$/s.exec(text.trim()) ?? [];
  const isKnown = operator !== undefined &&
    (operator in operators || operator === "in" || operator === "is");
  if (column === undefined || value === undefined || !isKnown) {
    throw new FilterError(`Error parsing \`filter\` params: ${JSON.stringify(text)}`);
  }
  if (operator === "in" && readList(value).length > mostValues) {
    throw new FilterError(`too many values for \`in\` filter. Maximum ${mostValues}`);
  }
  if (operator === "is" && !["null", "true", "false", "unknown"].includes(value)) {
    throw new FilterError("invalid value for is filter: must be null, true, false, or unknown");
  }
  return { column: column.trim(), operator, value, isNegated: not !== undefined };
}

/** A condition on the row `row`. @param type of the column, as Postgres writes it */
export function toSql({ column, operator, value, isNegated }: Condition, type: string): string {
  const left = `row.${quoteName(column)}`;
  const condition = operator === "in"
    ? `${left} in (${readList(value).map((one) => `${quoteText(one)}::${type}`).join(", ")})`
    : operator === "is"
    ? `${left} is ${value}`
    : `${left} ${operators[operator]} ${quoteText(unquote(value))}${
      /like|match/.test(operator) ? "" : `::${type}`
    }`;
  return isNegated ? `not (${condition})` : `(${condition})`;
}

const readList = (value: string): string[] =>
  splitOutside(value.replace(/^\((.*)\)$/s, "$1"), ",").map((one) => unquote(one.trim()));

const unquote = (value: string): string =>
  /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, "$1") : value;

function splitOutside(text: string, separator: string): string[] {
  const parts = [""];
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    const previous = text[at - 1] ?? ",";
    if (isQuoted && character === "\\") {
      parts[parts.length - 1] += character + (text[++at] ?? "");
      continue;
    }
    if (character === '"' && (isQuoted || ".(,".includes(previous))) isQuoted = !isQuoted;
    else if (!isQuoted && character === "(") depth++;
    else if (!isQuoted && character === ")") depth--;
    if (character === separator && depth === 0 && !isQuoted) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** A name in SQL. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const quoteText = (text: string): string =>
  text.includes("\\")
    ? `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
