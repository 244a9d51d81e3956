import { useMemo } from "react";
import type { GroundworkClient } from "groundwork-client";
import { type Backend, BackendContext, type Config, isAdmin, type Role } from "./backend.ts";
import { NoWorkspace } from "./no-workspace.tsx";
import { Notice } from "./notice.tsx";
import { adminScreens, screens } from "./screens.tsx";
import { useAgents } from "./use-agents.ts";
import { useHash } from "./use-hash.ts";
import { useLoaded } from "./use-loaded.ts";
import { type Membership, useWorkspace } from "./use-workspace.ts";

interface Props {
  config: Config;
  client: GroundworkClient;
  me: Backend["me"];
}

/** The person's workspace, what they may see of it, and the screen that is open. */
export function Shell({ config, client, me }: Props) {
  const [screen = ""] = useHash();
  const agents = useAgents(client);
  const { value, error, reload } = useLoaded(async () => {
    const [memberships, profiles] = await Promise.all([
      client.from("members").select("workspace_id, role, workspaces(id, name)")
        .eq("user_id", me.id).order("created_at")
        .throwOnError(),
      client.from("profiles").select("user_id, display_name, email")
        .throwOnError(),
    ]);
    return {
      memberships: memberships.data as unknown as Membership[],
      profiles: profiles.data,
    };
  }, [client, me.id]);
  const memberships = value?.memberships ?? [];
  const [membership, choose] = useWorkspace(me.id, memberships);

  const backend = useMemo<Backend | null>(() => {
    if (!value || !membership || !agents) return null;
    const names = new Map(
      value.profiles.map((
        one,
      ) => [one.user_id, one.display_name ?? one.email ?? "Somebody"]),
    );
    return {
      config,
      client,
      me,
      agents: agents.filter((one) => one.workspace_id === membership.workspace_id),
      workspace: membership.workspaces,
      role: membership.role as Role,
      nameOf: (person) => person === null ? "Nobody" : names.get(person) ?? "Somebody",
      token: async () => (await client.auth.getSession()).data.session?.access_token ?? "",
    };
  }, [value, membership, agents, config, client, me]);

  const open = [...screens, ...adminScreens].find(({ path }) => path === screen) ??
    screens[0]!;
  const mayAdminister = backend !== null && isAdmin(backend.role);
  const link = ({ path, name }: (typeof screens)[number]) => (
    <a
      key={path}
      href={`#/${path}`}
      aria-current={open.path === path ? "page" : undefined}
    >
      {name}
    </a>
  );
  const isMine = !adminScreens.includes(open) || mayAdminister;
  return (
    <>
      <header>
        {memberships.length > 1
          ? (
            <select
              aria-label="Workspace"
              value={membership?.workspace_id}
              onChange={(event) => choose(event.target.value)}
            >
              {memberships.map(({ workspaces: { id, name } }) => (
                <option key={id} value={id}>{name}</option>
              ))}
            </select>
          )
          : <strong>{backend?.workspace.name ?? "Assistant"}</strong>}
        {backend && (
          <nav aria-label="Screens">
            {screens.map(link)}
            {mayAdminister && adminScreens.map(link)}
          </nav>
        )}
        <span className="me">{me.email ?? "Guest"}</span>
        <button type="button" onClick={() => client.auth.signOut()}>
          Sign out
        </button>
      </header>
      <Notice error={error} />
      {backend && isMine && (
        <BackendContext key={backend.workspace.id} value={backend}>
          <open.Screen />
        </BackendContext>
      )}
      {backend && !isMine && <main className="page">This screen is for admins.</main>}
      {value && !membership && (
        <NoWorkspace client={client} hasAccount={me.email !== null} onJoined={reload} />
      )}
    </>
  );
}
