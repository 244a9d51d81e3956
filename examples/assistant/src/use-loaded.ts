import { useCallback, useEffect, useState } from "react";

/** What is read from the backend. */
export interface Loaded<Value> {
  value: Value | null;
  error: string | null;
  /** Reads it again; what was read before stays until then. */
  reload(): Promise<void>;
}

/** What an error says to a person. */
export const messageOf = (error: unknown): string =>
  (error as { message?: string } | null)?.message ?? String(error);

/** Reads something when a component appears, and whenever what it is read by changes. */
export function useLoaded<Value>(
  read: () => Promise<Value>,
  by: unknown[],
): Loaded<Value> {
  const [state, setState] = useState<Pick<Loaded<Value>, "value" | "error">>({
    value: null,
    error: null,
  });
  const reload = useCallback(async () => {
    try {
      const value = await read();
      setState({ value, error: null });
    } catch (error) {
      setState((before) => ({ ...before, error: messageOf(error) }));
    }
  }, by);
  useEffect(() => {
    let isCurrent = true;
    read().then(
      (value) => isCurrent && setState({ value, error: null }),
      (error) => isCurrent && setState({ value: null, error: messageOf(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, by);
  return { ...state, reload };
}
