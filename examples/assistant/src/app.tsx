import { useEffect, useState } from "react";
import type { GroundworkClient } from "groundwork-client";
import type { Config } from "./backend.ts";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";

interface Me {
  id: string;
  email: string | null;
}

/** Somebody is signed in, or is asked to. */
export function App(
  { config, client }: { config: Config; client: GroundworkClient },
) {
  const [me, setMe] = useState<Me | null | "unknown">("unknown");
  useEffect(() => {
    const { data } = client.auth.onAuthStateChange((_, session) => {
      const user = session?.user;
      const next = user ? { id: user.id, email: user.email || null } : null;
      // A token that was renewed is no news.
      setMe((before) => JSON.stringify(before) === JSON.stringify(next) ? before : next);
    });
    return () => data.subscription.unsubscribe();
  }, [client]);
  if (me === "unknown") return <main className="alone" aria-busy="true"></main>;
  return me === null
    ? <SignIn config={config} client={client} />
    : <Shell key={me.id} config={config} client={client} me={me} />;
}
