-- Back from: access. Without policies no one has access.
drop function public.my_agents();
drop function public.agent_settings(uuid);
drop function private.agent_settings(uuid);

drop policy "Admins remove grants" on public.permissions;
drop policy "Admins change grants" on public.permissions;
drop policy "Admins grant" on public.permissions;
drop policy "People read their permissions, admins the workspace's" on public.permissions;
drop policy "Admins change agents" on public.agents;
drop policy "Admins make agents" on public.agents;
drop policy "People read the agents that they may use, admins all" on public.agents;

revoke all on public.permissions, public.agents from authenticated, service_role;

drop function private.usable_agent_ids();
drop function private.access_of(uuid, uuid);
drop function private.access_decisions(uuid, uuid);
drop view private.access_by_person;
