-- Back from: joining and leaving. Pending invitations are gone.
drop function public.leave_workspace(uuid);
drop function private.transfer_ownership(uuid, uuid);
drop function private.revoke_invitation(uuid);
drop function private.accept_invitation(text);
drop function private.invite_member(uuid, text, text);
drop trigger end_invitations_on_change on public.members;
drop trigger end_invitations_on_removal on public.members;
drop function private.end_invitations();
drop function private.may_invite(text, text);
drop function private.restore_workspace(uuid);
drop function private.delete_workspace(uuid);
drop function private.create_workspace(text, text, text);
drop function private.require_person();
drop table public.invitations;
revoke execute on function private.raise_error(text, text, integer, text, jsonb, jsonb)
  from authenticated, service_role;
