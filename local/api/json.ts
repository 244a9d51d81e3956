/** How JSON reaches the database through @supabase/lite's driver. */

/**
 * Correction 5: lite makes text of an object or array that is a function's argument, and its driver
 * makes JSON of that text once more, so that the function is given a JSON string. What is already the
 * text of an object or array is sent as it is. The price, here only: a JSON string with such a text is
 * taken for what it says.
 */
export const jsonTypes = {
  json: { to: 114, from: [114], serialize: serializeJson, parse: JSON.parse },
  jsonb: { to: 3802, from: [3802], serialize: serializeJson, parse: JSON.parse },
};

function serializeJson(value: unknown): string {
  return typeof value === "string" && isTextOfJson(value) ? value : JSON.stringify(value);
}

function isTextOfJson(text: string): boolean {
  if (!text.startsWith("{") && !text.startsWith("[")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
