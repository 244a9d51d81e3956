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
