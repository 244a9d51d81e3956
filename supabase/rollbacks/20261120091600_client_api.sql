-- Back from: what clients call. The bodies stay in private.
drop function public.log_audit(uuid, text, text, text, uuid, jsonb, text);
drop function public.explain_access(uuid, uuid, text, boolean);
drop function public.transfer_ownership(uuid, uuid);
drop function public.revoke_invitation(uuid);
drop function public.accept_invitation(text);
drop function public.invite_member(uuid, text, text);
drop function public.restore_workspace(uuid);
drop function public.delete_workspace(uuid);
drop function public.create_workspace(text, text, text);
