import type { Presence } from "groundwork-client/react";
import { useBackend } from "../backend.ts";

/** The people and agents of the workspace who are here now. */
export function WhoIsHere({ presence }: { presence: Presence }) {
  const { me, nameOf, agents } = useBackend();
  const others = presence.members.filter(({ id }) => id !== me.id);
  return (
    <>
      <h2>Here now</h2>
      <ul className="plain here" aria-label="Here now">
        <li>You</li>
        {others.map(({ kind, id }) => (
          <li key={`${kind} ${id}`}>
            {kind === "person" ? nameOf(id) : agents.find((one) => one.id === id)?.name ?? "Agent"}
          </li>
        ))}
      </ul>
    </>
  );
}
