import { splitStatements } from "../testing/sql-statements.ts";

/**
 * What the house rules miss in a migration's functions: each says its volatility (what is not said is
 * `volatile`, and nobody knows whether that was meant) and pins its search path. Comments are looked
 * for in the whole set of migrations, since a later one may give them.
 *
 * @param migrations the scripts of all migrations
 */
export function findUndeclared(migrations: { name: string; script: string }[]): string[] {
  const statements = migrations.flatMap(({ name, script }) =>
    splitStatements(script).map(({ text, line }) => ({ text, place: `${name}:${line}` }))
  );
  const commented = new Set(
    statements.flatMap(({ text }) => /^comment\s+on\s+function\s+([\w.]+)/i.exec(text)?.[1] ?? []),
  );
  return statements.flatMap(({ text, place }) => {
    const name = /^create\s+(?:or\s+replace\s+)?function\s+([\w.]+)/i.exec(text)?.[1];
    if (!name) return [];
    const declaration = withoutBody(text);
    const missing = [
      /\b(volatile|stable|immutable)\b/i.test(declaration) ? "" : "volatility",
      /\bset\s+search_path\s*(=|to)\s*''/i.test(declaration) ? "" : "set search_path = ''",
      commented.has(name) ? "" : "comment",
    ].filter((each) => each !== "");
    return missing.length > 0 ? [`${place} ${name} lacks: ${missing.join(", ")}`] : [];
  });
}

/**
 * Functions and views that are made more than once: what a chapter makes, no later one makes again. Several of one name
 * with different arguments are one function to those who read it, so they stand in one chapter.
 *
 * @param migrations the scripts of all migrations
 */
export function findMadeTwice(migrations: { name: string; script: string }[]): string[] {
  const homes = new Map<string, string>();
  const problems: string[] = [];
  for (const { name: chapter, script } of migrations) {
    for (const { text, line } of splitStatements(script)) {
      const made = /^create\s+(or\s+replace\s+)?(?:function|view)\s+([\w.]+)/i.exec(text);
      if (!made) continue;
      const [, replaces, name = ""] = made;
      const home = homes.get(name) ?? chapter;
      homes.set(name, home);
      if (home !== chapter) problems.push(`${chapter}:${line} ${name} is made in ${home}`);
      else if (replaces) {
        problems.push(`${chapter}:${line} ${name} replaces: nothing is there to be replaced`);
      }
    }
  }
  return problems;
}

/** A function's statement without its body and its comments, where the same words mean nothing. */
const withoutBody = (statement: string): string =>
  statement.replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "").replace(/--[^\n]*/g, "");
