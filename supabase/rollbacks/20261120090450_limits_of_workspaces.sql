-- Back from: limits of workspaces.
drop function private.limit_workspaces() cascade;
drop trigger tally_removed on public.agents;
drop trigger tally_added on public.agents;
drop trigger count_acts on public.invitations;
drop function private.count_invitations() cascade;
drop function private.count_members() cascade;
select private.remove_limits(array['seats', 'guests', 'invitations', 'agents', 'workspaces', 'workspaces_a_day',
  'invitations_a_day',
  'long_work_at_once', 'workspace_long_work_at_once']);
