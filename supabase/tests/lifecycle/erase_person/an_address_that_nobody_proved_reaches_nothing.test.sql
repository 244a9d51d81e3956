-- The attack: somebody signs up as kim@…, whom two other tenants know, confirms nothing, and has "themselves" exported
-- and erased. Beside them the real one, who followed the link that was mailed, and somebody whom a project confirmed
-- that mails no links.
begin;
\ir ../../world.psql
select plan(17);

create function tests.signed_up_as(name text, sent timestamptz, confirmed timestamptz) returns void language sql as $$
  insert into auth.users (id, email, confirmation_sent_at, email_confirmed_at)
  values (tests.id(name), 'kim@tests.example', sent, confirmed);
$$;
insert into public.invitations (workspace_id, email, token_hash, invited_by) values
  (tests.id('south'), 'kim@tests.example', sha256('1'), tests.id('outsider'));
insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail, request_id) values
  (tests.id('north'), tests.id('admin'), 'person.praised', 'person', 'kim@tests.example',
    '{"for": "kim@tests.example"}', 'for kim@tests.example'),
  (tests.id('south'), tests.id('outsider'), 'person.praised', 'person', 'kim@tests.example', '{}', null);
insert into public.permissions (user_id, agent_id, workspace_id, reason) values
  (tests.id('outsider'), tests.id('desk'), tests.id('south'), 'kim@tests.example wanted it');
insert into private.request_claims (workspace_id, scope, request_id, entry_id)
values (tests.id('north'), 'audit', 'kim@tests.example 1', 1);
insert into auth.audit_log_entries (id, payload)
values (gen_random_uuid(), json_build_object('actor_username', 'kim@tests.example'));
insert into storage.buckets (id, name) values ('tests', 'tests');
insert into storage.objects (bucket_id, name, user_metadata)
values ('tests', tests.id('north') || '/' || tests.id('admin') || '/a', '{"for": "kim@tests.example"}');

-- All that others wrote of the address, as one text.
create function tests.said_of_kim() returns text language sql as $$
  select jsonb_build_array(
    (select jsonb_agg(to_jsonb(e) order by e.id) from public.audit_log as e where e.action = 'person.praised'),
    (select jsonb_agg(i.status order by i.id) from public.invitations as i where i.email = 'kim@tests.example'),
    (select jsonb_agg(p.reason order by p.reason) from public.permissions as p),
    (select jsonb_agg(c.request_id) from private.request_claims as c where c.request_id like 'kim@%'),
    (select jsonb_agg(a.payload) from auth.audit_log_entries as a where a.payload ->> 'actor_username' like 'kim@%'),
    (select jsonb_agg(o.user_metadata) from storage.objects as o where o.bucket_id = 'tests'))::text;
$$;
create temporary table before on commit drop as select tests.said_of_kim() as said;
create function tests.erase(name text) returns jsonb language sql as $$
  select private.erase_person(tests.id(name), (select email from public.profiles where user_id = tests.id(name)));
$$;

-- Unconfirmed
select tests.signed_up_as('pretender', now(), null);
select is(private.has_confirmed_address(tests.id('pretender')), false,
  'an address that nobody confirmed is not proven');
select is((select jsonb_array_length(public.export_user_data(tests.id('pretender')) #> '{tables,invitations}')), 0,
  'no invitation is shown to them');
select is(tests.try_as('pretender', $$select public.erase_user(confirm => 'erase')$$), 'yes', 'their account may go');
select tests.authenticate_as('database');
select is(private.erase_person(tests.id('pretender'), 'kim@tests.example') ->> 'audit_entries', '0',
  'even told the address, the erasure takes it for nobody''s');
select is_empty($$select from auth.users where id = tests.id('pretender')$$, 'and goes');
select is(tests.said_of_kim(), (select said from before), 'and nothing that others wrote has changed');

-- Confirmed by a project that confirms whatever is typed
select tests.signed_up_as('confirmed', null, now());
select is(private.has_confirmed_address(tests.id('confirmed')), false,
  'nor is one proven that was confirmed without a mail');
select is((select jsonb_array_length(public.export_user_data(tests.id('confirmed')) #> '{tables,invitations}')), 0,
  'no invitation is shown to them either');
select is(tests.erase('confirmed') ->> 'audit_entries', '0', 'their account goes as well');
select is(tests.said_of_kim(), (select said from before), 'and nothing that others wrote has changed');

-- Proven
select tests.signed_up_as('kim', now() - interval '1 minute', now());
select is((select jsonb_path_query_array(public.export_user_data(tests.id('kim')),
  '$.tables.invitations[*].workspace_id')),
  jsonb_build_array(tests.id('south')), 'the real one is shown who invited them');
select is((tests.erase('kim') ->> 'audit_entries')::integer > 0, true, 'and is erased');
select is_empty($$select from public.invitations where email = 'kim@tests.example'$$, 'with the invitation');
select is((select subject_id from public.audit_log
  where workspace_id = tests.id('south') and action = 'person.praised'), 'erased',
  'and what was said where they were invited');
select is((select subject_id from public.audit_log
  where workspace_id = tests.id('north') and action = 'person.praised'), 'kim@tests.example',
  'where they never were, a tenant''s log stays as it was written');
select is((select count(*)::integer from private.request_claims where request_id like 'kim@%'), 1,
  'and its request ids are not free again');

-- Where one belongs, a confirmed address counts, and is enough.
insert into auth.users (id, email, email_confirmed_at) values (tests.id('colleague'), 'jo@tests.example', now());
insert into public.members (workspace_id, user_id) values (tests.id('north'), tests.id('colleague'));
insert into public.audit_log (workspace_id, actor_id, action, detail) select tests.id(place), null, 'person.scolded',
  '{"who": "jo@tests.example"}'
  from unnest(array['north', 'south']) as place;
select tests.erase('colleague') is not null as erased;
select results_eq($$select workspace_id, detail ->> 'who' from public.audit_log where action = 'person.scolded'
  order by id$$,
  $$values (tests.id('north'), 'erased'), (tests.id('south'), 'jo@tests.example')$$,
    'a colleague''s address leaves the log of their workspace, and no other');

select * from finish();
rollback;
