-- Back from: people and workspaces. Every person's profile and every tenant is gone; auth.users stays.
-- With its trigger on auth.users, which is not ours to alter.
drop function private.keep_profile() cascade;
drop table public.members;
drop table public.workspaces;
drop table public.profiles;
drop function private.administers(uuid, uuid);
drop function private.belongs_to(uuid, uuid);
drop function private.member_role(uuid, uuid);
drop function private.colleague_ids();
drop function private.workspace_ids(text, text);
drop function private.roles_from(text);
drop function private.only_workspace();
