import { useEffect, useState } from "react";
import { callFunction, useBackend } from "../backend.ts";
import { messageOf } from "../use-loaded.ts";

/** Where a provider sends the person back to: this page, at the screen of accounts. */
export const returnAddress = (): string => `${location.origin}${location.pathname}#/accounts`;

/** Why an account was not connected, by the code that the functions put into the address. */
const refusals: Record<string, string> = {
  authorization_denied: "The provider says that you refused.",
  state_invalid: "It took too long. Try again.",
};

/** What came back from a provider with the person, until a screen has told it. */
let cameBack = Object.fromEntries(new URLSearchParams(location.search));
// Out of the address, which people reload and share.
if (location.search !== "") {
  history.replaceState(null, "", location.pathname + location.hash);
}

interface Outcome {
  isConnected: boolean;
  error: string | null;
}

/** What became of connecting an account, for a person who comes back from its provider. */
export function useReturn(): Outcome {
  const backend = useBackend();
  const [outcome, setOutcome] = useState<Outcome>({
    isConnected: false,
    error: null,
  });
  useEffect(() => {
    const { status, error, state, code } = cameBack;
    cameBack = {};
    const fail = (why: string) =>
      setOutcome({
        isConnected: false,
        error: `The account was not connected. ${why}`,
      });
    const succeed = () => setOutcome({ isConnected: true, error: null });
    if (status === "connected") succeed();
    else if (state !== undefined) {
      // Where the provider's row asks for it, the person who came back shows that they are the one who left.
      const said = {
        state,
        ...(code ? { code } : {}),
        ...(error ? { error } : {}),
      };
      callFunction(backend, "POST", "connections/finish", said)
        .then(succeed, (cause) => fail(messageOf(cause)));
    } else if (error !== undefined) {
      fail(refusals[error] ?? `The reason is: ${error}.`);
    }
  }, []);
  return outcome;
}
