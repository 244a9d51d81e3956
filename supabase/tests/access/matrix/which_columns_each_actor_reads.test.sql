-- What an actor reads of a row that they see: the columns that are kept from them, each with its table. What is not in
-- this list is read by whoever reads the row; nobody who is not signed in reads any. A new column that a reader must
-- not see belongs here, and in no grant.
begin;
\ir ../../world.psql
create temporary table kept_from (actors text, table_name text, columns text) on commit drop;
insert into kept_from values
  ('people', 'agents', 'endpoint_host endpoint_url settings'),
  ('people', 'workspace_limits', 'reason'),
  ('people', 'invitations', 'token_hash'),
  ('service', 'invitations', 'token_hash'),
  ('people', 'agent_credentials', 'secret_hash'),
  ('service', 'agent_credentials', 'secret_hash'),
  ('people', 'share_links', 'token_hash'),
  ('service', 'share_links', 'token_hash'),
  ('people', 'workspace_limits', 'reason'),
  ('people', 'connection_providers',
    'authorize_parameters authorize_url client_authentication client_id client_secret_id created_at needs_confirmation '
    'revoke_url token_url updated_at uses_pkce'),
  ('people', 'erasure_requests',
    'attempts claim_token claimed_by dedupe_key email is_proven last_error lease_expires_at leftovers max_attempts '
    'priority requested_by scheduled_for summary traceparent');
select plan(4);

create temporary view readers as
select c.relname::text as table_name, a.attname::text as column_name, actor, acting_as
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join (values ('anonymous', 'anon'), ('people', 'authenticated'), ('service', 'service_role')) as r (actor,
  acting_as)
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm');

select is_empty(
  $$select table_name, column_name from readers where actor = 'anonymous'
    and has_column_privilege(acting_as, format('public.%I', table_name), column_name, 'select')$$,
  'whoever is not signed in reads no column'
);
select set_eq(
  $$select actor, table_name, string_agg(column_name, ' ' order by column_name) from readers
    where actor <> 'anonymous' and not has_column_privilege(acting_as, format('public.%I', table_name), column_name,
      'select')
      and has_any_column_privilege(acting_as, format('public.%I', table_name), 'select')
    group by 1, 2$$,
  'select actors, table_name, columns from kept_from', 'exactly these columns are kept from who reads the row'
);
-- And seen by trying: a row that an actor reads, each of its columns.
create function tests.reads(who text, table_name text, column_name text) returns text language sql as $$
  select tests.try_as(who, format('select %I from public.%I', column_name, table_name));
$$;
select is(
  (select string_agg(tests.reads(who, 'agents', column_name), ' ' order by place, column_name)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as a (who, place),
     unnest(array['endpoint_url', 'name', 'settings']) as column_name),
  'no no no no yes no no yes no no yes no no yes no no yes no yes yes yes',
  'anonymous, outsider, guest, member, admin, owner, service: where an agent answers, its name, its settings'
);
select is(
  (select string_agg(tests.reads(who, 'invitations', column_name), ' ' order by place, column_name)
   from unnest(array['admin', 'owner', 'service']) with ordinality as a (who, place),
     unnest(array['email', 'token_hash']) as column_name),
  'none no none no none no', 'admin, owner, service: whom an invitation is for, and its token''s hash'
);

select * from finish();
rollback;
