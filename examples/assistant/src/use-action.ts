import { useCallback, useState } from "react";
import { messageOf } from "./use-loaded.ts";

/** Something that a person does: whether it is under way, and why it failed. */
export function useAction() {
  const [state, setState] = useState<{ isBusy: boolean; error: string | null }>(
    {
      isBusy: false,
      error: null,
    },
  );
  const run = useCallback(async (action: () => Promise<unknown>) => {
    setState({ isBusy: true, error: null });
    try {
      await action();
      setState({ isBusy: false, error: null });
    } catch (error) {
      setState({ isBusy: false, error: messageOf(error) });
    }
  }, []);
  return { ...state, run };
}
