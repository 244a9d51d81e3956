-- Grants on tables, columns, sequences and schemas are pinned. Nobody but their owner is in these lists unless a chapter put them there.
begin;
select plan(8);

select set_eq(
  $$select c.relname::text, grantee::regrole::text, string_agg(lower(privilege_type), ', ' order by privilege_type)
    from pg_catalog.pg_class as c cross join aclexplode(c.relacl) as acl
    where c.relnamespace = 'public'::regnamespace and grantee <> c.relowner group by 1, 2$$,
  $$values
    ('agents', 'authenticated', 'select'),
    ('agents', 'service_role', 'delete, insert, select, update'),
    ('audit_log', 'authenticated', 'select'),
    ('audit_log', 'service_role', 'select'),
    ('audit_seals', 'authenticated', 'select'),
    ('audit_seals', 'service_role', 'select'),
    ('billing_events', 'authenticated', 'select'),
    ('billing_events', 'service_role', 'select'),
    ('members', 'authenticated', 'delete, select'),
    ('members', 'service_role', 'delete, insert, select, update'),
    ('permissions', 'authenticated', 'delete, select'),
    ('permissions', 'service_role', 'delete, insert, select, update'),
    ('profiles', 'authenticated', 'select'),
    ('profiles', 'service_role', 'select'),
    ('usage_daily', 'authenticated', 'select'),
    ('usage_daily', 'service_role', 'select'),
    ('workspaces', 'authenticated', 'select'),
    ('workspaces', 'service_role', 'delete, insert, select, update')$$,
  'exactly these tables are granted'
);
select set_eq(
  $$select c.relname::text, grantee::regrole::text, lower(privilege_type), string_agg(a.attname, ', ' order by a.attnum)
    from pg_catalog.pg_attribute as a join pg_catalog.pg_class as c on c.oid = a.attrelid cross join aclexplode(a.attacl) as acl
    where c.relnamespace = 'public'::regnamespace group by 1, 2, 3$$,
  $$values
    ('agents', 'authenticated', 'insert', 'workspace_id, slug, name, description, endpoint_url, status, settings'),
    ('agents', 'authenticated', 'update', 'slug, name, description, endpoint_url, status, settings'),
    ('invitations', 'authenticated', 'select', 'id, workspace_id, email, role, status, expires_at, invited_by, created_at, updated_at'),
    ('invitations', 'service_role', 'select', 'id, workspace_id, email, role, status, expires_at, invited_by, created_at, updated_at'),
    ('members', 'authenticated', 'update', 'role'),
    ('permissions', 'authenticated', 'insert', 'user_id, agent_id, workspace_id, can_use, reason, expires_at'),
    ('permissions', 'authenticated', 'update', 'can_use, reason, expires_at'),
    ('profiles', 'authenticated', 'update', 'display_name, avatar_url, locale, time_zone, settings'),
    ('profiles', 'service_role', 'update', 'display_name, avatar_url, locale, time_zone, settings'),
    ('workspaces', 'authenticated', 'update', 'name, slug, settings')$$,
  'exactly these columns are granted'
);
select is_empty(
  $$select c.oid::regclass, grantee::regrole from pg_catalog.pg_class as c cross join aclexplode(c.relacl) as acl
    where c.relnamespace = 'private'::regnamespace and grantee <> c.relowner$$,
  'no table, view or sequence of private is granted to anyone, partitions included'
);
select is_empty(
  $$select c.oid::regclass, a.attname from pg_catalog.pg_attribute as a join pg_catalog.pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'private'::regnamespace and a.attacl is not null$$,
  'nor any of its columns'
);
select is_empty(
  $$select c.oid::regclass, privilege from pg_catalog.pg_class as c
    cross join unnest(array['select', 'insert', 'update', 'references']) as privilege
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm')
      and (has_any_column_privilege('anon', c.oid, privilege) or has_table_privilege('anon', c.oid, 'delete, truncate, trigger'))$$,
  'anon can do nothing with any table, also not through PUBLIC'
);
select is_empty(
  $$select c.oid::regclass, role_name from pg_catalog.pg_class as c cross join unnest(array['anon', 'authenticated', 'service_role']) as role_name
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'S'
      and has_sequence_privilege(role_name, c.oid, 'usage, select, update')$$,
  'nobody draws from the sequences'
);
select is_empty(
  $$select c.oid::regclass, role_name from pg_catalog.pg_class as c cross join unnest(array['anon', 'authenticated', 'service_role']) as role_name
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p')
      and has_table_privilege(role_name, c.oid, 'truncate, references, trigger')$$,
  'nobody truncates, refers to or hangs triggers on a table'
);
select set_eq(
  $$select role_name, privilege from unnest(array['anon', 'authenticated', 'service_role']) as role_name
    cross join unnest(array['usage', 'create']) as privilege where has_schema_privilege(role_name, 'private', privilege)$$,
  $$values ('authenticated', 'usage'), ('service_role', 'usage')$$,
  'private is used by signed-in people and the service, for the helpers of policies, and by no one else'
);

select * from finish();
rollback;
