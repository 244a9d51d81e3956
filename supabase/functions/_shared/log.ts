/** One line of JSON per event, as the platform's log explorer reads them. */

type Level = "info" | "warning" | "error";

function describe(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const code = "code" in value ? { code: value.code } : {};
  const cause = value.cause === undefined ? {} : { cause: describe(value.cause) };
  return { name: value.name, message: value.message, stack: value.stack, ...code, ...cause };
}

/** Writes one line to the log. Errors among the fields are written with their stack and cause. */
export function log(level: Level, message: string, fields: Record<string, unknown> = {}): void {
  const described = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, describe(value)]),
  );
  const line = JSON.stringify({ level, message, ...described });
  if (level === "error") console.error(line);
  else if (level === "warning") console.warn(line);
  else console.log(line);
}
