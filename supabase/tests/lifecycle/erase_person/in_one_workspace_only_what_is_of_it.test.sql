-- The clerk is erased from south, where they work, and stays in north, where they are a guest. And what is declared is
-- done, whatever it is.
begin;
\ir ../../world.psql
select plan(24);

insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('clerk'), 'guest');
update public.members set invited_by = tests.id('clerk') where user_id in (tests.id('guest'), tests.id('outsider'));
insert into public.permissions (user_id, agent_id, workspace_id, granted_by, reason) values
  (tests.id('clerk'), tests.id('hr'), tests.id('north'), tests.id('admin'), 'for clerk@tests.example'),
  (tests.id('outsider'), tests.id('desk'), tests.id('south'), tests.id('clerk'), 'clerk@tests.example wanted it');
insert into public.invitations (workspace_id, email, token_hash)
values (tests.id('north'), 'clerk@tests.example', sha256('1')), (tests.id('south'), 'clerk@tests.example', sha256('2'));
insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail) values
  (tests.id('north'), tests.id('clerk'), 'report.exported', 'report', '7', '{}'),
    (tests.id('south'), tests.id('clerk'), 'report.exported', 'report', '8', '{}'),
  (tests.id('south'), tests.id('clerk'), 'session.opened', 'session', tests.id('session')::text, '{}');
insert into public.billing_events (workspace_id, kind, quantity, unit, user_id) values
  (tests.id('north'), 'message', 1, 'message', tests.id('clerk')),
    (tests.id('south'), 'message', 2, 'message', tests.id('clerk'));
insert into private.request_claims (workspace_id, scope, request_id, entry_id) values
  (tests.id('north'), 'audit', 'n ' || tests.id('clerk'), 1),
    (tests.id('south'), 'audit', 's ' || tests.id('clerk'), 2);
insert into private.scratch_members (key, member, ends_at) select 'presence:' || tests.id(place),
  'person:' || tests.id('clerk'), 'infinity' from unnest(array['north', 'south']) as place;
insert into private.scratch_values (key, value, expires_at)
values ('session:' || tests.id('session'), jsonb_build_object('user_id', tests.id('clerk')), 'infinity');
-- In both they have asked an agent that knows something of them.
insert into public.memories (workspace_id, user_id, kind, category, content)
select tests.id(place), tests.id('clerk'), 'profile', 'personal', 'Is the clerk.'
from unnest(array['north', 'south']) as place;
insert into public.conversations (id, workspace_id, user_id)
select tests.id(place || ' clerk'), tests.id(place), tests.id('clerk') from unnest(array['north', 'south']) as place;
select private.assemble_context(talk, 1000, null, null, null, null, null) is not null as assembled from (
  select (private.add_message(tests.id(place || ' clerk'), '[{"type": "text", "text": "Who am I?"}]', 'user', null,
    null, null, '[]', '{}', null, null, null)).conversation_id as talk
  from unnest(array['north', 'south']) as place) as asked;
-- Tables that a later chapter might bring, one for each thing that can be done.
create table public.tests_things (id bigint primary key, workspace_id uuid, mine uuid, thanks uuid, past uuid,
  said jsonb, owners uuid[]);
insert into private.personal_columns (table_name, column_name, on_erasure, workspace_column) values
  ('public.tests_things', 'mine', 'delete', 'workspace_id'), ('public.tests_things', 'thanks', 'null', 'workspace_id'),
  ('public.tests_things', 'past', 'pseudonymise', 'workspace_id'),
    ('public.tests_things', 'said', 'redact', 'workspace_id');
insert into public.tests_things
select n + case place when 'north' then 10 else 0 end, tests.id(place), case n when 1 then tests.id('clerk') end,
  case n when 2 then tests.id('clerk') end,
  case n when 3 then tests.id('clerk') end,
    case n when 4
    then jsonb_build_object('a', 'clerk@tests.example', 'b', tests.id('clerk'), 'c', 'desk-clerk@tests.example') end
from generate_series(1, 4) as n, unnest(array['north', 'south']) as place;

create temporary table erased on commit drop as
  select private.erase_person(tests.id('clerk'), 'clerk@tests.example', tests.id('south')) as it;
select is_empty($$select from public.members
  where workspace_id = tests.id('south') and tests.id('clerk') in (user_id, invited_by)$$,
  'south has no member of theirs, nor whom they invited');
select isnt_empty($$select from public.members
  where workspace_id = tests.id('north') and user_id = tests.id('clerk')$$, 'north has');
select is((select invited_by from public.members where user_id = tests.id('guest')), tests.id('clerk'),
  'and whom they invited there');
select results_eq($$select granted_by, reason from public.permissions
  where agent_id = tests.id('desk') and user_id = tests.id('outsider')$$,
  $$values (null::uuid, 'erased wanted it')$$, 'what they granted stands, and names them no more');
select is((select reason from public.permissions where user_id = tests.id('clerk') and agent_id = tests.id('hr')),
  'for clerk@tests.example', 'in north it does');
select results_eq($$select workspace_id from public.invitations
  where email = 'clerk@tests.example'$$, $$values (tests.id('north'))$$, 'invitations');
select is_empty($$select from public.audit_log as e
  where workspace_id = tests.id('south') and private.text_names(e::text, tests.id('clerk'), 'clerk@tests.example')$$,
  'the log of south');
select isnt_empty($$select from public.audit_log
  where workspace_id = tests.id('north') and actor_id = tests.id('clerk')$$, 'the log of north');
select is((select (it ->> 'audit_entries')::bigint from erased),
  (select (detail ->> 'entries')::bigint from public.audit_log
  where workspace_id = tests.id('south') and action = 'audit.redacted'), 'as many entries as the voucher says');
select is_empty($$select from public.audit_log
  where workspace_id = tests.id('north') and action = 'audit.redacted'$$, 'and no voucher where none was needed');
select results_eq($$select user_id = tests.id('clerk') from public.billing_events
  where kind = 'message' and workspace_id in (tests.id('north'), tests.id('south')) order by quantity$$,
  $$values (true), (false)$$, 'billing events');
select is((select array_agg(request_id) from private.request_claims
  where workspace_id in (tests.id('north'), tests.id('south'))), array['n ' || tests.id('clerk')], 'request ids');
select is((select array_agg(key) from private.scratch_members where member = 'person:' || tests.id('clerk')),
  array['presence:' || tests.id('north')], 'presence');
select is_empty($$select from private.scratch_values
  where key = 'session:' || tests.id('session')$$, 'the session is forgotten');
select is((select closed_at is not null from private.find_session(tests.id('session'))), true, 'and closed in the log');
select is((select it #> '{leftovers,sessions}' from erased), jsonb_build_array(tests.id('session')),
  'it says which, for Redis');
select results_eq($$select workspace_id from public.context_records
  where user_id = tests.id('clerk')$$, $$values (tests.id('north'))$$, 'what went into their prompts');
select results_eq($$select workspace_id from public.context_profiles
  where user_id = tests.id('clerk')$$, $$values (tests.id('north'))$$, 'and what was known of them');
select isnt_empty($$select from public.profiles where user_id = tests.id('clerk')$$, 'the person is there');
select isnt_empty($$select from auth.users where id = tests.id('clerk')$$, 'and signs in');
select results_eq(
  $$select id, mine, thanks, past is not null and past <> tests.id('clerk'), said from public.tests_things
  where workspace_id = tests.id('south') order by id$$,
  $$select 2::bigint, null::uuid, null::uuid, false, null::jsonb union all select 3, null, null, true, null union all
    select 4, null, null, false, said from public.tests_things
    where id = 4$$, 'delete, null and pseudonymise do what they say'
);
select results_eq($$select said ->> 'a', said ->> 'b' <> tests.id('clerk')::text, said ->> 'c' from public.tests_things
  where id = 4$$,
  $$values ('erased', true, 'desk-clerk@tests.example')$$, 'and redact, which knows a longer address for another one');
select is((select count(*)::integer from public.tests_things
  where workspace_id = tests.id('north')
  and (tests.id('clerk') in (mine, thanks, past) or said::text ~ tests.id('clerk')::text)), 4,
  'nothing of it in north');
-- Again: nothing is left, and nothing happens.
select is(private.erase_person(tests.id('clerk'), 'clerk@tests.example', tests.id('south')) - 'leftovers',
  '{"rows": {}, "audit_entries": 0, "billing_events": 0}', 'a second time there is nothing to do');

select * from finish();
rollback;
