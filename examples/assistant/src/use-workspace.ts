import { useState } from "react";
import { go } from "./use-hash.ts";

/** What a person is a member of. */
export interface Membership {
  workspace_id: string;
  role: string;
  workspaces: { id: string; name: string };
}

/** The membership that is open: the one that was chosen in this browser, as long as it is one; otherwise the first. */
export function useWorkspace(
  person: string,
  memberships: readonly Membership[],
): [Membership | null, (workspace: string) => void] {
  const key = `assistant.workspace.${person}`;
  const [chosen, setChosen] = useState(() => localStorage.getItem(key));
  const choose = (workspace: string) => {
    localStorage.setItem(key, workspace);
    setChosen(workspace);
    // What was open there is not here.
    go("");
  };
  const open = memberships.find(({ workspace_id }) => workspace_id === chosen) ??
    memberships[0];
  return [open ?? null, choose];
}
