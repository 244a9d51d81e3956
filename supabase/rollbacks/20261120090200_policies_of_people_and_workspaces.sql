-- Back from: policies and grants of profiles, workspaces and members. Without policies no one has access.
drop trigger keep_an_owner_on_change on public.members;
drop trigger require_an_owner_on_removal on public.members;
drop function private.require_an_owner();

drop policy "Admins remove members, owners also owners, and anyone may leave" on public.members;
drop policy "Admins change roles, owners also those of owners" on public.members;
drop policy "People read who is in their workspaces" on public.members;
drop policy "Admins change their workspace" on public.workspaces;
drop policy "People read their workspaces" on public.workspaces;
drop policy "People change their own profile" on public.profiles;
drop policy "People read themselves and their colleagues" on public.profiles;

revoke all on public.members, public.workspaces, public.profiles from authenticated, service_role;
