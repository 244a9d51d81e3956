/**
 * @supabase/lite writes every error of the database to the console, also those that are a proper answer to a client (a
 *   refused row, a unique name taken). Those lines would bury the ones that matter. What ends as a 5xx is still
 *   written.
 */
const expected = new WeakSet<object>();

/** Marks an error as answered properly; the console leaves it out. */
export function expectError<T>(error: T): T {
  if (typeof error === "object" && error !== null) expected.add(error);
  return error;
}

/**
 * Leaves out of the console what {@link expectError} has marked, and lite's notice that Storage is new. Returns the way
 * back.
 */
export function quietConsole(): () => void {
  const { error, warn } = console;
  console.error = (...args: unknown[]) => {
    const [first] = args;
    if (!(typeof first === "object" && first !== null && expected.has(first))) {
      error.apply(console, args);
    }
  };
  console.warn = (...args: unknown[]) => {
    if (!String(args[0]).startsWith("EXPERIMENTAL FEATURES ENABLED")) warn.apply(console, args);
  };
  return () => Object.assign(console, { error, warn });
}
