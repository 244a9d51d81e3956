-- Back from: permission revisions. Cached answers can no longer be told from newer ones: clear the cache, or wait 5
-- minutes.
drop function private.read_agents(uuid);

drop trigger raise_revisions_on_update on public.workspaces;
drop trigger raise_revisions_on_delete on public.agents;
drop trigger raise_revisions_on_update on public.agents;
drop trigger raise_revisions_on_insert on public.agents;
drop trigger raise_revisions_on_delete on public.members;
drop trigger raise_revisions_on_update on public.members;
drop trigger raise_revisions_on_insert on public.members;
drop trigger raise_revisions_on_delete on public.permissions;
drop trigger raise_revisions_on_update on public.permissions;
drop trigger raise_revisions_on_insert on public.permissions;
drop function private.raise_revisions_of_workspaces();
drop function private.raise_revisions_of_agents();
drop function private.raise_revisions_of_members();
drop function private.raise_revisions_of_permissions();
drop function private.queue_changes_of(uuid[]);
drop function private.raise_revisions(uuid[], uuid[]);
drop table private.permission_revisions;
