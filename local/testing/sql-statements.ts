/** One statement of a script, and the line on which it begins. */
export interface Statement {
  text: string;
  line: number;
}

/**
 * What may hide a semicolon, each matched whole: a string (with backslashes when it begins with E),
 * a quoted name, a dollar-quoted body, a comment to the end of the line. Block comments nest, so
 * they are matched by hand.
 */
const OPAQUE = new RegExp(
  [
    /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/,
    /'(?:[^']|'')*'/,
    /"(?:[^"]|"")*"/,
    /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$/,
    /--[^\n]*/,
  ].map((each) => each.source).join("|"),
  "y",
);
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/**
 * Splits a script at the semicolons that end statements, so that each can be sent, and its failure
 * reported, by itself. (SQL-standard bodies, `begin atomic … end`, are not taken as one statement:
 * Postgres then refuses the first half aloud.)
 */
export function splitStatements(script: string): Statement[] {
  const statements: Statement[] = [];
  let begin = 0;
  let position = 0;
  const flush = (end: number) => {
    const text = script.slice(begin, end);
    const leading = text.length - stripLeadingBlank(text).length;
    if (leading < text.length) {
      const line = script.slice(0, begin + leading).split("\n").length;
      statements.push({ text: text.slice(leading).trimEnd(), line });
    }
    begin = end;
  };
  while (position < script.length) {
    const opaque = matchAt(OPAQUE, script, position);
    if (opaque !== null) {
      position += opaque.length;
    } else if (script.startsWith("/*", position)) {
      position = endOfBlockComment(script, position);
    } else if (script[position] === ";") {
      position += 1;
      flush(position);
    } else {
      // A word is stepped over whole: the e of `like'…'` begins no escape string.
      position += matchAt(WORD, script, position)?.length ?? 1;
    }
  }
  flush(script.length);
  return statements;
}

function matchAt(pattern: RegExp, text: string, position: number): string | null {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? null;
}

function endOfBlockComment(text: string, start: number): number {
  let depth = 0;
  let position = start;
  do {
    if (text.startsWith("/*", position)) [depth, position] = [depth + 1, position + 2];
    else if (text.startsWith("*/", position)) [depth, position] = [depth - 1, position + 2];
    else position += 1;
  } while (depth > 0 && position < text.length);
  return position;
}

function stripLeadingBlank(text: string): string {
  let rest = text;
  for (;;) {
    const trimmed = rest.replace(/^(?:\s+|--[^\n]*)+/, "");
    const next = trimmed.startsWith("/*") ? trimmed.slice(endOfBlockComment(trimmed, 0)) : trimmed;
    if (next === rest) return rest;
    rest = next;
  }
}
