begin;
\ir ../../world.psql
select plan(33);

create temporary table written (name text primary key, id bigint) on commit drop;
grant select, insert on written to authenticated, service_role;
create function tests.entry(of_name text) returns text language sql security definer as $$
  select concat_ws(' ', who, action, subject_type, subject_id, agent_id = tests.id('hr'), detail, request_id)
  from public.audit_log join written using (id)
  left join unnest(array['member', 'guest', 'admin']) as who on tests.id(who) = actor_id where written.name = of_name;
$$;

select tests.authenticate_as('member');
insert into written select 'full',
  public.log_audit(tests.id('north'), 'report.exported', 'report', '7', tests.id('hr'), '{"format": "pdf"}', 'tests-1');
select is(tests.entry('full'), 'member report.exported report 7 t {"format": "pdf"} tests-1',
  'person, action, subject, agent, detail and request are kept');
insert into written select 'short', public.log_audit(tests.id('north'), 'report.read');
select is(tests.entry('short'), 'member report.read {}', 'the action suffices');
select is_empty('select from public.audit_log', 'a member does not read the log');
select tests.authenticate_as('guest');
select is(tests.answer_of($$select public.log_audit(tests.id('north'), 'report.read')$$), 'ok',
  'a guest writes what they did');
select is(tests.answer_of($$select public.log_audit(tests.id('south'), 'report.read')$$), '404 not_found',
  'into their own workspace');
select tests.authenticate_as('stranger');
select is(tests.answer_of($$select public.log_audit(tests.id('north'), 'report.read')$$), '404 not_found',
  'a token without a subject has none');
select tests.authenticate_as('service');
insert into written select 'service', public.log_audit(tests.id('north'), 'member.synced');
select is(tests.entry('service'), 'member.synced {}', 'the service writes as nobody, also reserved actions');
select tests.authenticate_as('member');

select is(tests.answer_of(format('select public.log_audit(tests.id(''north''), %L)', action)), '403 reserved_action',
  action || ' is the platform''s')
from unnest(array[
  'workspace.deleted', 'member.removed', 'invitation.created', 'agent.changed', 'agent_credential.created',
  'agent_consent.given', 'permission.created', 'session.turn', 'audit.sealed', 'account.erased', 'billing.paid',
  'connection.token_read', 'lead.flagged', 'erasure.requested'
]) as action;
select is(tests.answer_of(format('select public.log_audit(tests.id(''north''), %L)', action)), '422 invalid_value',
  format('%L is not an action', action))
from unnest(array['', 'exported', 'Report.exported', 'permission', 'report.exported!',
  ' permission.created']) as action;
select is(tests.answer_of($$select public.log_audit(tests.id('north'), null)$$), '400 invalid_body', 'nor is none');
select is(tests.answer_of($$select public.log_audit(tests.id('north'), 'a.b', detail => '[]')$$), '422 invalid_value',
  'detail is an object');
select is(
  tests.answer_of($$select public.log_audit(tests.id('north'), 'a.b', detail => (
    select jsonb_object_agg(n, md5(n::text)) from generate_series(1, 1000) as n))$$),
  '422 invalid_value', 'of bounded size'
);
select is(
  tests.answer_of(format('select public.log_audit(tests.id(''north''), ''a.b'', %s => repeat(''x'', 201))', named)),
  '422 invalid_value', named || ' is short')
from unnest(array['subject_type', 'subject_id', 'request_id']) as named;

select * from finish();
rollback;
