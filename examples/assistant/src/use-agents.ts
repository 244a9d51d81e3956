import { useEffect, useState } from "react";
import type { GroundworkClient } from "groundwork-client";
import type { Agent } from "./backend.ts";

/** Milliseconds: what an admin takes away is gone from the screen within two seconds. */
const interval = 500;

/** The agents that the person may use now: asked again and again while the page is seen. */
export function useAgents(client: GroundworkClient): Agent[] | null {
  const [agents, setAgents] = useState<Agent[] | null>(null);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    async function ask() {
      if (document.visibilityState === "visible") {
        const { data } = await client.rpc("my_agents");
        if (isOver) return;
        if (data) {
          setAgents((before) => JSON.stringify(before) === JSON.stringify(data) ? before : data);
        }
      }
      timer = setTimeout(ask, interval);
    }
    ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [client]);
  return agents;
}
