-- Every function of public and private is pinned: its volatility, with whose rights it runs, and who may execute it (its owner aside).
begin;
select plan(8);

create temporary view functions as
select p.oid, n.nspname::text as schema, format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  case when p.prosecdef then 'definer' else 'invoker' end as rights,
  coalesce((
    select string_agg(case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end, ', ' order by acl.grantee::regrole::text)
    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl where acl.grantee <> p.proowner
  ), '') as executed_by,
  p.proconfig, p.prosecdef
from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where n.nspname in ('public', 'private');

select set_eq(
  'select signature, volatility, rights, executed_by from functions',
  $pinned$values
    ('public.accept_invitation(text)', 'volatile', 'invoker', 'authenticated'),
    ('public.audit_anchor(uuid)', 'stable', 'invoker', 'authenticated, service_role'),
    ('public.create_workspace(text, text, text)', 'volatile', 'invoker', 'authenticated'),
    ('public.delete_workspace(uuid)', 'volatile', 'invoker', 'authenticated'),
    ('public.explain_access(uuid, uuid)', 'stable', 'invoker', 'authenticated, service_role'),
    ('public.invite_member(uuid, text, text)', 'volatile', 'invoker', 'authenticated'),
    ('public.leave_workspace(uuid)', 'volatile', 'invoker', 'authenticated'),
    ('public.log_audit(uuid, text, text, text, uuid, jsonb, text)', 'volatile', 'invoker', 'authenticated, service_role'),
    ('public.my_agents()', 'stable', 'invoker', 'authenticated, service_role'),
    ('public.record_usage(uuid, text, numeric, text, bigint, text, uuid, uuid, text)', 'volatile', 'definer', 'service_role'),
    ('public.restore_workspace(uuid)', 'volatile', 'invoker', 'authenticated'),
    ('public.revoke_invitation(uuid)', 'volatile', 'invoker', 'authenticated'),
    ('public.transfer_ownership(uuid, uuid)', 'volatile', 'invoker', 'authenticated'),
    ('public.verify_audit_log(uuid, text)', 'stable', 'invoker', 'authenticated, service_role'),
    ('private.accept_invitation(text)', 'volatile', 'definer', 'authenticated'),
    ('private.access_after_change(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.access_decisions(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.access_of(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.act_as(uuid)', 'volatile', 'invoker', ''),
    ('private.administers(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.append_audit_entry(uuid, uuid, text, text, text, uuid, jsonb, text)', 'volatile', 'invoker', ''),
    ('private.audit_changes()', 'volatile', 'definer', ''),
    ('private.audit_detail(text[], jsonb, jsonb, text)', 'immutable', 'invoker', ''),
    ('private.belongs_to(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.call_function(text, text, jsonb, integer)', 'volatile', 'definer', ''),
    ('private.claim_request(uuid, text, text, bigint)', 'volatile', 'invoker', ''),
    ('private.close_session(uuid, uuid, text)', 'volatile', 'invoker', ''),
    ('private.colleague_ids()', 'stable', 'definer', 'authenticated, service_role'),
    ('private.create_workspace(text, text, text)', 'volatile', 'definer', 'authenticated'),
    ('private.current_user_id()', 'stable', 'invoker', 'authenticated, service_role'),
    ('private.delete_workspace(uuid)', 'volatile', 'definer', 'authenticated'),
    ('private.endpoint_namespace(text)', 'immutable', 'invoker', ''),
    ('private.explain_access(uuid, uuid)', 'stable', 'definer', 'authenticated, service_role'),
    ('private.find_session(uuid)', 'stable', 'invoker', ''),
    ('private.invite_member(uuid, text, text)', 'volatile', 'definer', 'authenticated'),
    ('private.is_service()', 'stable', 'invoker', 'authenticated, service_role'),
    ('private.jwt_claims()', 'stable', 'invoker', 'authenticated, service_role'),
    ('private.keep_an_owner()', 'volatile', 'definer', ''),
    ('private.keep_endpoint_in_namespace()', 'volatile', 'definer', ''),
    ('private.keep_profile()', 'volatile', 'definer', ''),
    ('private.log_audit(uuid, text, text, text, uuid, jsonb, text)', 'volatile', 'definer', 'authenticated, service_role'),
    ('private.log_audit_entries(jsonb, uuid)', 'volatile', 'invoker', ''),
    ('private.maintain_partitions(date)', 'volatile', 'invoker', ''),
    ('private.member_role(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.open_session(uuid, uuid, uuid, text)', 'volatile', 'invoker', ''),
    ('private.purge()', 'volatile', 'invoker', ''),
    ('private.queue_changes_of(uuid[])', 'volatile', 'invoker', ''),
    ('private.raise_error(text, text, integer, text)', 'volatile', 'invoker', 'authenticated, service_role'),
    ('private.raise_revisions(uuid[], uuid[])', 'volatile', 'definer', ''),
    ('private.raise_revisions_of_agents()', 'volatile', 'definer', ''),
    ('private.raise_revisions_of_members()', 'volatile', 'definer', ''),
    ('private.raise_revisions_of_permissions()', 'volatile', 'definer', ''),
    ('private.raise_revisions_of_workspaces()', 'volatile', 'definer', ''),
    ('private.read_agents(uuid)', 'stable', 'invoker', ''),
    ('private.reconcile_function_calls(integer)', 'volatile', 'invoker', ''),
    ('private.record_turn(uuid, uuid, uuid, text, jsonb, jsonb)', 'volatile', 'invoker', ''),
    ('private.recount_seals(uuid)', 'stable', 'invoker', ''),
    ('private.refuse_change()', 'volatile', 'invoker', ''),
    ('private.remove_access(uuid, uuid, uuid, text)', 'volatile', 'invoker', ''),
    ('private.require_agent_admin(uuid, uuid)', 'stable', 'invoker', ''),
    ('private.require_person()', 'stable', 'invoker', ''),
    ('private.require_reportable(text)', 'stable', 'invoker', ''),
    ('private.restore_workspace(uuid)', 'volatile', 'definer', 'authenticated'),
    ('private.revoke_invitation(uuid)', 'volatile', 'definer', 'authenticated'),
    ('private.roles_from(text)', 'immutable', 'invoker', ''),
    ('private.roll_up_usage(integer, date)', 'volatile', 'invoker', ''),
    ('private.scratch_epoch()', 'volatile', 'invoker', ''),
    ('private.scratch_hit(text, integer, integer, integer)', 'volatile', 'invoker', ''),
    ('private.scratch_join(text, text, jsonb, double precision)', 'volatile', 'invoker', ''),
    ('private.scratch_raise_floors(jsonb)', 'volatile', 'invoker', ''),
    ('private.scratch_write_back(text, jsonb, bigint, text, integer)', 'volatile', 'invoker', ''),
    ('private.seal_audit_log()', 'volatile', 'invoker', ''),
    ('private.seal_digest(audit_seals, bytea)', 'stable', 'invoker', ''),
    ('private.send_function_call(bigint, text, jsonb)', 'volatile', 'definer', ''),
    ('private.set_access(uuid, uuid, uuid, boolean, timestamp with time zone, text, text)', 'volatile', 'invoker', ''),
    ('private.stamp_granted_by()', 'volatile', 'invoker', ''),
    ('private.sweep_scratchpad()', 'volatile', 'invoker', ''),
    ('private.touch_updated_at()', 'volatile', 'invoker', ''),
    ('private.transfer_ownership(uuid, uuid)', 'volatile', 'definer', 'authenticated'),
    ('private.usable_agent_ids()', 'stable', 'definer', 'authenticated, service_role'),
    ('private.verify_audit_log(uuid, text)', 'stable', 'definer', 'authenticated, service_role'),
    ('private.workspace_ids(text)', 'stable', 'definer', 'authenticated, service_role')$pinned$,
  'exactly these functions exist, and run for these people'
);
-- Those that others than their owner execute with its rights, and why they must have them.
create temporary table definers (signature text, reason text) on commit drop;
insert into definers values
  ('private.accept_invitation(text)', 'the invited person sees neither the invitation nor the workspace yet'),
  ('private.colleague_ids()', 'for policies: reads members past their own policies'),
  ('private.create_workspace(text, text, text)', 'a workspace and its owner are made together; people may insert neither'),
  ('private.delete_workspace(uuid)', 'deleted_at is not granted'),
  ('private.explain_access(uuid, uuid)', 'an admin asks about others; it decides by itself who may ask'),
  ('private.invite_member(uuid, text, text)', 'nobody may insert invitations; it checks the role'),
  ('private.log_audit(uuid, text, text, text, uuid, jsonb, text)', 'insert into the log is granted to nobody; it writes as the caller only'),
  ('private.restore_workspace(uuid)', 'a deleted workspace is in nobody''s list'),
  ('private.revoke_invitation(uuid)', 'update is granted to nobody'),
  ('private.transfer_ownership(uuid, uuid)', 'both rows change in one transaction, the caller''s last'),
  ('private.usable_agent_ids()', 'for policies: reads members, agents and permissions past their own policies'),
  ('private.verify_audit_log(uuid, text)', 'reads the heads of the chain and the log past row-level security'),
  ('private.workspace_ids(text)', 'for policies: reads members past their own policies'),
  ('public.record_usage(uuid, text, numeric, text, bigint, text, uuid, uuid, text)', 'insert is granted to nobody; for the service alone');
select set_eq(
  $$select signature from functions where rights = 'definer' and executed_by <> ''$$,
  'select signature from definers',
  'exactly these functions run for others with their owner''s rights'
);
select is_empty(
  $$select signature from functions where schema = 'public' and rights = 'definer' and executed_by ~ '\m(anon|authenticated|public)\M'$$,
  'none of them is exposed to people by the Data API'
);
select is_empty(
  $$select signature from functions where has_function_privilege('anon', oid, 'execute')$$,
  'anon executes nothing'
);
select is_empty(
  $$select signature from functions where executed_by ~ '\mpublic\M'$$,
  'nothing is executable by PUBLIC'
);
select is_empty(
  $$select signature from functions where coalesce(obj_description(oid, 'pg_proc'), '') = ''$$,
  'every function has a comment'
);
select is_empty(
  $$select signature from functions where proconfig is distinct from array['search_path=""']$$,
  'every function has an empty search_path'
);
select is_empty(
  $$select name from (
      select proname as name from pg_catalog.pg_proc where pronamespace = 'public'::regnamespace group by 1 having count(*) > 1
    ) as overloaded$$,
  'no function of public is overloaded: the Data API could not tell them apart'
);

select * from finish();
rollback;
