/**
 * Correction 6: lite writes the JSON arguments of a function as text, and its driver would write that text as JSON once more, so that the
 * function gets a string. What is an object's or an array's text already is sent as it is.
 */
export function serializeJson(value: unknown): string {
  if (typeof value === "string" && /^\s*[[{]/.test(value)) {
    try {
      JSON.parse(value);
      return value;
    } catch {
      // A string that only begins like one.
    }
  }
  return JSON.stringify(value);
}

/** Makes the Data API's driver write JSON so. */
export function correctJson(driver: { options: unknown }): void {
  const { serializers } = driver.options as {
    serializers: Record<number, (value: unknown) => string>;
  };
  const jsonTypes = [114, 3802];
  for (const type of jsonTypes) serializers[type] = serializeJson;
}
