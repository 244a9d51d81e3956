begin;
\ir ../../world.psql
select plan(20);

insert into public.invitations (workspace_id, email, token_hash, invited_by) values
  (tests.id('south'), 'member@tests.example', sha256('1'), tests.id('outsider')),
    (tests.id('north'), 'stranger@tests.example', sha256('2'), tests.id('member'));
insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail) values
  (tests.id('north'), tests.id('member'), 'report.exported', 'report', '7', '{"pages": 3}'),
  (tests.id('north'), tests.id('admin'), 'person.praised', 'person', tests.id('member')::text, '{}'),
  (tests.id('north'), tests.id('admin'), 'report.exported', 'report', '8', '{}');
insert into public.billing_events (workspace_id, kind, quantity, unit, user_id) values
  (tests.id('north'), 'message', 1, 'message', tests.id('member')),
    (tests.id('north'), 'message', 2, 'message', tests.id('admin'));
insert into storage.buckets (id, name) values ('tests', 'tests');
insert into storage.objects (bucket_id, name, owner_id) values
  ('tests', tests.id('north') || '/' || tests.id('member') || '/a.txt', null),
    ('tests', 'elsewhere/b.txt', tests.id('member')::text),
  ('tests', tests.id('north') || '/' || tests.id('admin') || '/c.txt', tests.id('admin')::text);

select tests.authenticate_as('member');
create temporary table archive on commit drop as select public.export_user_data() as it;
select is((select it -> 'format' from archive), '1', 'the format says its version');
select is((select it -> 'person' from archive),
  jsonb_build_object('id', tests.id('member'), 'email', 'member@tests.example'), 'and whose it is');
select set_eq(
  $$select jsonb_object_keys(it -> 'tables') from archive$$,
  $$values ('profiles'), ('members'), ('private.known_people'), ('permissions'), ('agent_consents'),
    ('linked_identities'), ('invitations'),
    ('audit_log'), ('billing_events'), ('erasure_requests'), ('auth.users'), ('auth.identities'),
    ('auth.sessions'), ('storage.objects'), ('service_connections'), ('app_settings'), ('analytics_events'),
    ('folders'), ('conversations'), ('messages'), ('message_states'), ('streams'), ('background_queries'),
      ('context_profiles'), ('context_records'), ('votes'), ('feedback_signals'),
    ('artifacts'), ('artifact_links'), ('suggestions'), ('memories'), ('memory_sources'), ('documents'),
      ('document_chunks'), ('budgets'), ('share_links'), ('lead_imports')$$, 'these are the tables'
);
select is((select jsonb_path_query_array(it, '$.tables.members[*].workspace_id') from archive),
  jsonb_build_array(tests.id('north')), 'memberships');
select is((select jsonb_path_query_array(it, '$.tables.permissions[*].agent_id') from archive),
  jsonb_build_array(tests.id('hr')), 'permissions');
select is((select jsonb_path_query_array(it, '$.tables.invitations[*].email') from archive), '["member@tests.example"]',
  'invitations to their address, not those that they sent');
select ok((select not it::text ~ 'token_hash' from archive), 'without the token''s hash');
select is_empty(
  $$select action
  from jsonb_to_recordset((select it #> '{tables,audit_log}' from archive)) as e (actor_id uuid, subject_id text,
    action text)
    where not (actor_id = tests.id('member') or subject_id = tests.id('member')::text)$$,
      'entries by them or about them'
);
select ok((select jsonb_path_exists(it,
  '$.tables.audit_log[*] ? (@.action == "report.exported" && @.detail.pages == 3)')
  and jsonb_path_exists(it, '$.tables.audit_log[*] ? (@.action == "person.praised")') from archive), 'both of them');
select is((select jsonb_path_query_array(it, '$.tables.billing_events[*].quantity') from archive), '[1.000000]',
  'what they used');
select is((select jsonb_array_length(it #> '{tables,storage.objects}') from archive), 1,
  'what they stored: what is below their folder');
select ok((select not it::text ~ 'password|admin@tests.example' from archive), 'no secrets, nobody else''s address');

select tests.authenticate_as('database');
select is(
  (select string_agg(tests.try_as(who, format('select public.export_user_data(%L)', tests.id('member'))), ' '
    order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  'no not_found not_found not_found yes not_found not_found yes',
  'anonymous, stranger, outsider, guest, member, admin, owner, service: who exports the member'
);
select is(tests.try_as('service', format('select public.export_user_data(%L)', tests.id('nobody'))), 'not_found',
  'there is nothing about somebody who is not there');
select is(tests.try_as('nameless', 'select public.export_user_data()'), 'yes',
  'somebody without an address exports themselves');
-- Without an address nothing is found by it.
insert into public.invitations (workspace_id, email, token_hash)
values (tests.id('north'), 'null@tests.example', sha256('3'));
select is((select jsonb_array_length(public.export_user_data(tests.id('nameless')) #> '{tables,invitations}')), 0,
  'nor other people''s invitations');
-- However much it is, it comes in pieces.
insert into public.audit_log (workspace_id, actor_id, action, detail)
select tests.id('north'), tests.id('member'), 'report.exported',
  jsonb_build_object('words', repeat('word ', 1000), 'n', n)
from generate_series(1, 100) as n;
create temporary table pieces on commit drop as
select piece, n from private.export_pieces(tests.id('member')) with ordinality as made (piece, n);
select ok((select count(*) filter (where octet_length(piece) > 40000) >= 5 from pieces), 'what is long is cut');
select ok((select max(octet_length(piece)) < 80000 from pieces), 'into pieces of some 64 KiB');
select is(
  (select jsonb_array_length(string_agg(piece, '' order by n)::jsonb #> '{tables,audit_log}') from pieces),
  (select count(*)::integer from public.audit_log
    where actor_id = tests.id('member') or subject_id = tests.id('member')::text),
  'one after the other they are the archive'
);
-- What is declared later is exported too.
create table public.notes (id bigint primary key, user_id uuid, note text);
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported)
values ('public.notes', 'user_id', 'delete', true);
insert into public.notes values (1, tests.id('member'), 'mine'), (2, tests.id('admin'), 'not mine');
select is((select jsonb_path_query_array(public.export_user_data(tests.id('member')), '$.tables.notes[*].note')),
  '["mine"]', 'a declared table is in the archive');

select * from finish();
rollback;
