-- What clients call: the functions of the Data API that need more rights than the caller has.
--
-- Touches: ten functions in public.
-- Beware:  each is a thin wrapper that runs with the caller's rights and calls a body in `private`, which is not
--          exposed. The database advisors (0028, 0029) warn of security definer functions in an exposed schema.
--          Functions that need only the caller's rights (my_agents, leave_workspace, audit_anchor) are in their own
--          chapters.

create function public.create_workspace(name text, slug text, region text default null)
returns public.workspaces
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.create_workspace($1, $2, $3);
$$;
comment on function public.create_workspace(text, text, text) is
  'Makes a workspace; the caller is its first owner. name: 1–200 characters; slug: lowercase letters, digits and '
  'single hyphens, unique; region: where its data stays, by default that of this cell (eu where there are no '
  'cells). Errors: not_signed_in 401, anonymous_person 403, slug_taken 409, misdirected_workspace 421 (details name '
  'the cell that takes it), region_not_allowed 409, invalid_body 400 (a field is missing), invalid_value 422 on '
  'a malformed value.';

create function public.delete_workspace(workspace_id uuid)
returns timestamptz
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.delete_workspace($1);
$$;
comment on function public.delete_workspace(uuid) is
  'Hides a workspace from everyone at once; a job purges it 30 days later. Owners only. Returns the time of deletion. '
  'Errors: not_found 404.';

create function public.restore_workspace(workspace_id uuid)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.restore_workspace($1);
$$;
comment on function public.restore_workspace(uuid) is
  'Restores a deleted workspace within 30 days, before it is purged. Owners only. Errors: not_found 404.';

create function public.invite_member(workspace_id uuid, email text, role text default 'member')
returns table (invitation_id uuid, token text, expires_at timestamptz)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.invite_member($1, $2, $3);
$$;
comment on function public.invite_member(uuid, text, text) is
  'Invites an address into a workspace for 7 days and returns the token, this once. Revokes an earlier pending '
  'invitation of the address. role: owner (by owners), admin, member, guest. Errors: not_signed_in 401, owner_only '
  '403, not_found 404, already_member 409.';

create function public.accept_invitation(token text)
returns uuid
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.accept_invitation($1);
$$;
comment on function public.accept_invitation(text) is
  'Joins the token''s workspace with the invited role, and returns its id. Idempotent. The address must be confirmed, '
  'and the inviter must still be allowed to invite. Errors: not_signed_in 401, invitation_for_another 403, '
  'address_not_confirmed 403, invitation_invalid 404.';

create function public.revoke_invitation(invitation_id uuid)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.revoke_invitation($1);
$$;
comment on function public.revoke_invitation(uuid) is
  'Revokes a pending invitation. Admins only. Errors: not_found 404.';

create function public.transfer_ownership(workspace_id uuid, to_user uuid)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.transfer_ownership($1, $2);
$$;
comment on function public.transfer_ownership(uuid, uuid) is
  'Makes a member the owner and the caller an admin. Owners only. Errors: not_signed_in 401, not_found 404, '
  'not_a_member 409.';

create function public.explain_access(
  agent_id uuid, user_id uuid default null, scope text default null, as_itself boolean default false
)
returns table (allowed boolean, reason text, decided_by jsonb)
language sql
stable
security invoker
set search_path = ''
as $$
  select * from private.explain_access($1, $2, $3, $4);
$$;
comment on function public.explain_access(uuid, uuid, text, boolean) is
  'Whether a person (by default the caller; others only for admins) may use an agent. With a scope: whether the agent '
  'may use it for that person, or as_itself. Returns the reason and the row that decided. An agent asks about itself '
  'and sees only that row''s table. reason: granted, administers_workspace, denied, expired, not_granted, '
  'not_a_member, agent_not_published, unknown_agent (service only); with a scope also consented, credential, '
  'credential_required, consent_required, not_for_this_actor, insufficient_scope. Errors: not_found 404.';

create function public.log_audit(
  workspace_id uuid, action text, subject_type text default null, subject_id text default null,
  agent_id uuid default null, detail jsonb default '{}', request_id text default null
)
returns bigint
language plpgsql -- a SQL function is planned in each transaction, which is slow here
volatile
security invoker
set search_path = ''
as $$
begin
  return private.log_audit($1, $2, $3, $4, $5, $6, $7);
end;
$$;
comment on function public.log_audit(uuid, text, text, text, uuid, jsonb, text) is
  'Writes an audit entry as the caller and returns its id. action: dotted, e.g. report.exported; detail: an object of '
  'at most 16 KiB; request_id: at most 200 characters, idempotent per caller within a day. Errors: reserved_action '
  '403, not_found 404, request_id_reused 409 (with other content), invalid_body 400 (a missing action, a request_id '
  'of another length), invalid_value 422 on a malformed value.';

grant execute on function
  public.create_workspace(text, text, text),
  public.delete_workspace(uuid),
  public.restore_workspace(uuid),
  public.invite_member(uuid, text, text),
  public.accept_invitation(text),
  public.revoke_invitation(uuid),
  public.transfer_ownership(uuid, uuid)
to authenticated;
grant execute on function
  public.explain_access(uuid, uuid, text, boolean),
  public.log_audit(uuid, text, text, text, uuid, jsonb, text)
to authenticated, service_role;
