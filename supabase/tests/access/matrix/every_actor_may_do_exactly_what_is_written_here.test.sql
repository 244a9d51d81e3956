-- Who may do what to a row of each table: the whole of it, in one table.
--
-- A row of the table is one statement, aimed at one row of one tenant, tried by everyone; each try is undone. Outcomes: `yes`, `none` (the
-- policy hides the row), `no` (42501: not granted, or refused by WITH CHECK). The last column is the owner of the tables: it shows that the
-- statement itself is sound, so that no denial is owed to a slip; `append_only` is the trigger that refuses even them.
-- In south the outsider is the owner: that column is the twin of each denial that outsiders meet in north.

begin;
\ir ../../world.psql

-- One row more in each table that the world leaves empty, in both tenants.
insert into public.invitations (workspace_id, email, token_hash)
  select tests.id(tenant), 'invited@tests.example', sha256(tenant::bytea) from unnest(array['north', 'south']) as tenant;
insert into public.audit_seals (workspace_id, ordinal, month, first_id, last_id, entries, from_xid, to_xid, digest, previous_digest)
  select tests.id(tenant), 1, '2000-01-01', 1, 1, 1, 1, 2, repeat('a', 64), repeat('0', 64) from unnest(array['north', 'south']) as tenant;
insert into public.billing_events (workspace_id, kind, quantity, unit)
  select tests.id(tenant), 'message', 1, 'message' from unnest(array['north', 'south']) as tenant;
insert into public.usage_daily (workspace_id, day, kind, currency, quantity, amount_minor)
  select tests.id(tenant), '2000-01-01', 'message', 'USD', 1, 0 from unnest(array['north', 'south']) as tenant;
-- People whose rows nobody of the columns is: deleting and inserting them must not hang on who asks.
insert into public.members (workspace_id, user_id, role)
  select tests.id(tenant), tests.id('newcomer'), 'member' from unnest(array['north', 'south']) as tenant;
do $$ begin perform tests.add_person('visitor', 'visitor@tests.example'); end; $$;

create temporary table expectations (table_name text, verb text, tenant text, statement text, outcomes text) on commit drop;
insert into expectations values
-- The columns:                                                  anonymous outsider guest member admin owner service database
-- A profile is of a person and not of a tenant: the clerk's is the one of south.
('profiles', 'select', 'north', $$select from public.profiles where user_id = tests.id('member')$$,      'no none none yes yes yes yes yes'),
('profiles', 'select', 'south', $$select from public.profiles where user_id = tests.id('clerk')$$,       'no yes none none none none yes yes'),
('profiles', 'insert', 'north', $$insert into public.profiles (user_id, email) values (tests.id('visitor'), 'x@y') on conflict (user_id) do update set locale = 'en'$$,
                                                                                                          'no no no no no no no yes'),
('profiles', 'insert', 'south', $$insert into public.profiles (user_id) values (tests.id('visitor')) on conflict (user_id) do update set locale = 'en'$$,
                                                                                                          'no no no no no no no yes'),
('profiles', 'update', 'north', $$update public.profiles set display_name = 'X' where user_id = tests.id('member')$$, 'no none none yes none none yes yes'),
('profiles', 'update', 'south', $$update public.profiles set display_name = 'X' where user_id = tests.id('outsider')$$, 'no yes none none none none yes yes'),
('profiles', 'delete', 'north', $$delete from public.profiles where user_id = tests.id('member')$$,      'no no no no no no no yes'),
('profiles', 'delete', 'south', $$delete from public.profiles where user_id = tests.id('clerk')$$,       'no no no no no no no yes'),

('workspaces', 'select', 'north', $$select from public.workspaces where id = tests.id('north')$$,        'no none yes yes yes yes yes yes'),
('workspaces', 'select', 'south', $$select from public.workspaces where id = tests.id('south')$$,        'no yes none none none none yes yes'),
('workspaces', 'insert', 'north', $$insert into public.workspaces (name, slug) values ('N', 'tests-north-2')$$, 'no no no no no no yes yes'),
('workspaces', 'insert', 'south', $$insert into public.workspaces (name, slug) values ('S', 'tests-south-2')$$, 'no no no no no no yes yes'),
('workspaces', 'update', 'north', $$update public.workspaces set name = 'X' where id = tests.id('north')$$, 'no none none none yes yes yes yes'),
('workspaces', 'update', 'south', $$update public.workspaces set name = 'X' where id = tests.id('south')$$, 'no yes none none none none yes yes'),
('workspaces', 'delete', 'north', $$delete from public.workspaces where id = tests.id('north')$$,        'no no no no no no yes yes'),
('workspaces', 'delete', 'south', $$delete from public.workspaces where id = tests.id('south')$$,        'no no no no no no yes yes'),

('members', 'select', 'north', $$select from public.members where workspace_id = tests.id('north') and user_id = tests.id('newcomer')$$, 'no none none yes yes yes yes yes'),
('members', 'select', 'south', $$select from public.members where workspace_id = tests.id('south') and user_id = tests.id('newcomer')$$, 'no yes none none none none yes yes'),
('members', 'insert', 'north', $$insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('visitor'), 'guest')$$, 'no no no no no no yes yes'),
('members', 'insert', 'south', $$insert into public.members (workspace_id, user_id, role) values (tests.id('south'), tests.id('visitor'), 'guest')$$, 'no no no no no no yes yes'),
('members', 'update', 'north', $$update public.members set role = 'guest' where workspace_id = tests.id('north') and user_id = tests.id('newcomer')$$, 'no none none none yes yes yes yes'),
('members', 'update', 'south', $$update public.members set role = 'guest' where workspace_id = tests.id('south') and user_id = tests.id('newcomer')$$, 'no yes none none none none yes yes'),
('members', 'delete', 'north', $$delete from public.members where workspace_id = tests.id('north') and user_id = tests.id('newcomer')$$, 'no none none none yes yes yes yes'),
('members', 'delete', 'south', $$delete from public.members where workspace_id = tests.id('south') and user_id = tests.id('newcomer')$$, 'no yes none none none none yes yes'),

('invitations', 'select', 'north', $$select id from public.invitations where workspace_id = tests.id('north')$$, 'no none none none yes yes yes yes'),
('invitations', 'select', 'south', $$select id from public.invitations where workspace_id = tests.id('south')$$, 'no yes none none none none yes yes'),
('invitations', 'insert', 'north', $$insert into public.invitations (workspace_id, email, token_hash) values (tests.id('north'), 'a@b', 'x')$$, 'no no no no no no no yes'),
('invitations', 'insert', 'south', $$insert into public.invitations (workspace_id, email, token_hash) values (tests.id('south'), 'a@b', 'x')$$, 'no no no no no no no yes'),
('invitations', 'update', 'north', $$update public.invitations set role = 'owner' where workspace_id = tests.id('north')$$, 'no no no no no no no yes'),
('invitations', 'update', 'south', $$update public.invitations set role = 'owner' where workspace_id = tests.id('south')$$, 'no no no no no no no yes'),
('invitations', 'delete', 'north', $$delete from public.invitations where workspace_id = tests.id('north')$$, 'no no no no no no no yes'),
('invitations', 'delete', 'south', $$delete from public.invitations where workspace_id = tests.id('south')$$, 'no no no no no no no yes'),

('agents', 'select', 'north', $$select from public.agents where id = tests.id('hr')$$,                   'no none none yes yes yes yes yes'),
('agents', 'select', 'south', $$select from public.agents where id = tests.id('desk')$$,                 'no yes none none none none yes yes'),
('agents', 'insert', 'north', $$insert into public.agents (workspace_id, slug, name, endpoint_url) values (tests.id('north'), 'new', 'New', 'https://new.example')$$, 'no no no no yes yes yes yes'),
('agents', 'insert', 'south', $$insert into public.agents (workspace_id, slug, name, endpoint_url) values (tests.id('south'), 'new', 'New', 'https://new.example')$$, 'no yes no no no no yes yes'),
('agents', 'update', 'north', $$update public.agents set name = 'X' where id = tests.id('hr')$$,         'no none none none yes yes yes yes'),
('agents', 'update', 'south', $$update public.agents set name = 'X' where id = tests.id('desk')$$,       'no yes none none none none yes yes'),
('agents', 'delete', 'north', $$delete from public.agents where id = tests.id('hr')$$,                   'no no no no no no yes yes'),
('agents', 'delete', 'south', $$delete from public.agents where id = tests.id('desk')$$,                 'no no no no no no yes yes'),

('permissions', 'select', 'north', $$select from public.permissions where user_id = tests.id('member')$$, 'no none none yes yes yes yes yes'),
('permissions', 'select', 'south', $$select from public.permissions where user_id = tests.id('clerk')$$, 'no yes none none none none yes yes'),
('permissions', 'insert', 'north', $$insert into public.permissions (user_id, agent_id, workspace_id) values (tests.id('newcomer'), tests.id('hr'), tests.id('north'))$$, 'no no no no yes yes yes yes'),
('permissions', 'insert', 'south', $$insert into public.permissions (user_id, agent_id, workspace_id) values (tests.id('newcomer'), tests.id('desk'), tests.id('south'))$$, 'no yes no no no no yes yes'),
('permissions', 'update', 'north', $$update public.permissions set can_use = false where user_id = tests.id('member')$$, 'no none none none yes yes yes yes'),
('permissions', 'update', 'south', $$update public.permissions set can_use = false where user_id = tests.id('clerk')$$, 'no yes none none none none yes yes'),
('permissions', 'delete', 'north', $$delete from public.permissions where user_id = tests.id('member')$$, 'no none none none yes yes yes yes'),
('permissions', 'delete', 'south', $$delete from public.permissions where user_id = tests.id('clerk')$$, 'no yes none none none none yes yes'),

('audit_log', 'select', 'north', $$select from public.audit_log where workspace_id = tests.id('north')$$, 'no none none none yes yes yes yes'),
('audit_log', 'select', 'south', $$select from public.audit_log where workspace_id = tests.id('south')$$, 'no yes none none none none yes yes'),
('audit_seals', 'select', 'north', $$select from public.audit_seals where workspace_id = tests.id('north')$$, 'no none none none yes yes yes yes'),
('audit_seals', 'select', 'south', $$select from public.audit_seals where workspace_id = tests.id('south')$$, 'no yes none none none none yes yes'),
('billing_events', 'select', 'north', $$select from public.billing_events where workspace_id = tests.id('north')$$, 'no none none none yes yes yes yes'),
('billing_events', 'select', 'south', $$select from public.billing_events where workspace_id = tests.id('south')$$, 'no yes none none none none yes yes'),
('usage_daily', 'select', 'north', $$select from public.usage_daily where workspace_id = tests.id('north')$$, 'no none none none yes yes yes yes'),
('usage_daily', 'select', 'south', $$select from public.usage_daily where workspace_id = tests.id('south')$$, 'no yes none none none none yes yes');

-- What is derived or append-only is written by nobody, in neither tenant.
insert into expectations
select log.table_name, written.verb, tenant,
  format(written.form, log.table_name, case written.verb when 'insert' then format(log.row, tests.id(tenant)) else quote_literal(tests.id(tenant)) end),
  'no no no no no no no ' || case when written.verb = 'insert' or log.table_name = 'usage_daily' then 'yes' else 'append_only' end
from (values
  ('audit_log', $$(workspace_id, action) values (%L, 'a.b')$$),
  ('audit_seals', $$values (%L, 2, '2000-01-01', 1, 1, 1, 2, 3, repeat('b', 64), repeat('a', 64))$$),
  ('billing_events', $$(workspace_id, kind, quantity, unit) values (%L, 'tokens', 1, 'token')$$),
  ('usage_daily', $$values (%L, '2000-01-02', 'message', 'USD', 1, 0)$$)
) as log (table_name, row)
cross join (values
  ('insert', 'insert into public.%s %s'),
  ('update', 'update public.%s set workspace_id = workspace_id where workspace_id = %s'),
  ('delete', 'delete from public.%s where workspace_id = %s')
) as written (verb, form)
cross join unnest(array['north', 'south']) as tenant;

\ir expectations/limits.psql
\ir expectations/work.psql
\ir expectations/calls.psql
\ir expectations/content.psql
\ir expectations/businesses.psql
\ir expectations/lifecycle.psql
\ir expectations/conversations.psql
\ir expectations/knowledge.psql
\ir expectations/prompt.psql
\ir expectations/connections.psql

select plan(3 + (select count(*)::integer from expectations));

select set_eq(
  $$select table_name, verb, tenant from expectations$$,
  $$select c.relname::text, verb, tenant
    from pg_catalog.pg_class as c
    cross join unnest(array['select', 'insert', 'update', 'delete']) as verb
    cross join unnest(array['north', 'south']) as tenant
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not (c.relkind in ('v', 'm') and verb <> 'select')$$,
  'every table of public is in the matrix, with every verb, in both tenants'
);
select is_empty(
  $$select p.tablename, p.policyname from pg_catalog.pg_policies as p
    where p.schemaname = 'public' and not exists (
      select from expectations as e
      where e.table_name = p.tablename and e.verb = lower(p.cmd)
        -- someone signed in passes this policy, someone signed in does not
        and split_part(outcomes, ' ', 1) = 'no'
        and 'yes' = any ((string_to_array(e.outcomes, ' '))[2:6])
        and (string_to_array(e.outcomes, ' '))[2:6] && array['no', 'none']
    )$$,
  'every policy lets someone through in the matrix and stops someone beside them'
);
select is_empty(
  $$select table_name, verb, tenant from expectations where cardinality(string_to_array(outcomes, ' ')) <> 8$$,
  'every expectation speaks of all eight'
);

select is(
  (select string_agg(tests.try_as(who, expectation.statement), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  expectation.outcomes,
  format('%s %s in %s: anonymous outsider guest member admin owner service database', expectation.verb, expectation.table_name, expectation.tenant)
)
from expectations as expectation;

select * from finish();
rollback;
