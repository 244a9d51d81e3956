-- Back from: joining and leaving. Pending invitations are gone.
drop function public.leave_workspace(uuid);
drop function public.transfer_ownership(uuid, uuid);
drop function public.revoke_invitation(uuid);
drop function public.accept_invitation(text);
drop function public.invite_member(uuid, text, text);
drop function public.restore_workspace(uuid);
drop function public.delete_workspace(uuid);
drop function public.create_workspace(text, text, text);
drop function private.require_person();
drop table public.invitations;
revoke execute on function private.raise_error(text, text, integer, text) from authenticated, service_role;
