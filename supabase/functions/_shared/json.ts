/** Reading JSON that somebody else wrote, and that may be none. */

/** What a text says; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object that a text says; null when it is anything else. */
export function parseObject(text: string): Record<string, unknown> | null {
  const parsed = parseJson(text);
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
    ? parsed as Record<string, unknown>
    : null;
}

/** A text that Postgres can keep: without NUL and without halves of surrogate pairs. */
export const storableText = (text: string): string => text.replaceAll("\0", "").toWellFormed();

/** JSON whose texts Postgres can keep. @throws SyntaxError when it is none */
export function parseStorable(text: string): unknown {
  return JSON.parse(text, (_, value) => typeof value === "string" ? storableText(value) : value);
}
