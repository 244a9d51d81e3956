import { dirname, resolve } from "node:path";
import postgres from "postgres";
import { splitStatements } from "./sql-statements.ts";
import { parseTap, type TapResult } from "./tap.ts";

interface LocatedStatement {
  text: string;
  place: string;
}

/** The databases' URLs: tests run as the project's role, extensions need the administrator's. */
export interface PgTapTarget {
  url: string;
  adminUrl: string;
}

/** Installs pgTAP where the platform has it. */
export async function installPgTap({ adminUrl }: PgTapTarget): Promise<void> {
  const sql = connect(adminUrl);
  try {
    await sql.unsafe("create extension if not exists pgtap with schema extensions");
  } finally {
    await sql.end();
  }
}

/**
 * Runs one pgTAP file as the platform's `supabase test db` does: alone, in its own transaction,
 * which is rolled back, with `extensions` in the search path. A statement that raises is a failure
 * and ends the file. `\ir` includes another file, as psql does.
 *
 * @param onStatement hears where the statement stands that is run next
 */
export async function runPgTapFile(
  target: PgTapTarget,
  file: string,
  onStatement: (place: string) => void = () => {},
): Promise<TapResult> {
  const sql = connect(target.url);
  const lines: string[] = [];
  const errors: string[] = [];
  try {
    await sql.unsafe("begin; set local search_path = public, extensions");
    for (const { text, place } of await readStatements(file)) {
      onStatement(place);
      try {
        lines.push(...tapLines(await sql.unsafe(text)));
      } catch (error) {
        if (!(error instanceof postgres.PostgresError)) throw error;
        const detail = [error.detail, error.hint, error.where].filter(Boolean).join("\n");
        errors.push(`${place}: ${error.code} ${error.message}${detail ? `\n${detail}` : ""}`);
        break;
      }
    }
    await sql.unsafe("rollback");
  } finally {
    await sql.end();
  }
  const result = parseTap(lines);
  // After an error the plan cannot fit any more: one cause is one failure.
  if (errors.length === 0) return result;
  return {
    ...result,
    failures: [...result.failures.filter((f) => f.startsWith("not ok")), ...errors],
  };
}

const connect = (url: string) =>
  postgres(url, { max: 1, fetch_types: false, onnotice: () => {}, connect_timeout: 10 });

/** pgTAP answers in the first column of each row, at times with several lines in one value. */
function tapLines(rows: Iterable<Record<string, unknown>>): string[] {
  return [...rows].flatMap((row) => {
    const values = Object.values(row);
    return values.length === 1 && typeof values[0] === "string" ? [values[0]] : [];
  });
}

async function readStatements(file: string): Promise<LocatedStatement[]> {
  const script = await Deno.readTextFile(file);
  const statements: LocatedStatement[] = [];
  let begin = 0;
  let firstLine = 1;
  const addUpTo = (end: number) => {
    for (const { text, line } of splitStatements(script.slice(begin, end))) {
      statements.push({ text, place: `${file}:${firstLine + line - 1}` });
    }
  };
  for (const command of script.matchAll(/^\\(\S+)[ \t]*(.*)\n?/gm)) {
    addUpTo(command.index);
    const line = script.slice(0, command.index).split("\n").length;
    if (command[1] !== "ir") {
      throw new Error(
        `${file}:${line}: of psql's commands only \\ir works here, not \\${command[1]}`,
      );
    }
    const included = resolve(dirname(file), command[2]!.trim().replace(/^'(.*)'$/, "$1"));
    statements.push(...await readStatements(included));
    begin = command.index + command[0].length;
    firstLine = line + 1;
  }
  addUpTo(script.length);
  return statements;
}
