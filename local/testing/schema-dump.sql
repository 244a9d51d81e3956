-- Everything about the schema that a migration can change, one line for each fact, in a stable order.
-- Rights are compared by what they allow: a missing list counts as the default that it means. Of the options
-- only those count that a person can set: servers write some of their own beside them, named pg_….
with
visible_schemas as (
  select n.oid, n.nspname
  from pg_namespace as n
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
),
facts (fact) as (
  select format('schema %I owner %s rights %s comment %L', n.nspname, n.nspowner::regrole,
    (select array_agg(format('%s:%s:%s', a.grantee::regrole, a.privilege_type, a.is_grantable) order by 1)
     from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a),
    obj_description(n.oid, 'pg_namespace'))
  from pg_namespace as n join visible_schemas as v on v.oid = n.oid
  union all
  select format('relation %s kind %s persistence %s replica identity %s row security %s/%s owner %s options %s '
    'partition %s %s rights %s comment %L',
    c.oid::regclass, c.relkind, c.relpersistence, c.relreplident, c.relrowsecurity, c.relforcerowsecurity,
    c.relowner::regrole,
    (select array_agg(o order by o) from unnest(c.reloptions) as o where o !~ '^pg_'), pg_get_partkeydef(c.oid),
      pg_get_expr(c.relpartbound, c.oid),
    (select array_agg(format('%s:%s:%s', a.grantee::regrole, a.privilege_type, a.is_grantable) order by 1)
     from aclexplode(coalesce(c.relacl,
       acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) as a),
    obj_description(c.oid, 'pg_class'))
  from pg_class as c join visible_schemas as v on v.oid = c.relnamespace
  where c.relkind <> 'i' and c.relkind <> 'I'
  union all
  select format('column %s.%I place %s type %s %s not null %s default %s identity %s generated %s storage %s '
    'compression %s statistics %s options %s rights %s comment %L',
    c.oid::regclass, a.attname, row_number() over (partition by c.oid order by a.attnum),
    format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attstattarget,
    (select array_agg(o order by o) from unnest(a.attoptions) as o where o !~ '^pg_'),
    (select array_agg(format('%s:%s:%s', g.grantee::regrole, g.privilege_type, g.is_grantable) order by 1)
     from aclexplode(a.attacl) as g),
    col_description(c.oid, a.attnum))
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  join visible_schemas as v on v.oid = c.relnamespace
  left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  union all
  select format('constraint %s.%I %s validated %s comment %L', coalesce(nullif(k.conrelid, 0)::regclass::text,
    k.contypid::regtype::text), k.conname, pg_get_constraintdef(k.oid), k.convalidated,
    obj_description(k.oid, 'pg_constraint'))
  from pg_constraint as k join visible_schemas as v on v.oid = k.connamespace
  union all
  select format('index %s valid %s clustered %s identity %s comment %L', pg_get_indexdef(i.indexrelid), i.indisvalid,
    i.indisclustered, i.indisreplident,
    obj_description(i.indexrelid, 'pg_class'))
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join visible_schemas as v on v.oid = c.relnamespace
  union all
  select format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid))
  from pg_class as c join visible_schemas as v on v.oid = c.relnamespace
  where c.relkind in ('v', 'm')
  union all
  select format('rule %s enabled %s comment %L', pg_get_ruledef(r.oid), r.ev_enabled,
    obj_description(r.oid, 'pg_rewrite'))
  from pg_rewrite as r
  join pg_class as c on c.oid = r.ev_class
  join visible_schemas as v on v.oid = c.relnamespace
  where r.rulename <> '_RETURN'
  union all
  select format('statistics %s target %s comment %L', pg_get_statisticsobjdef(s.oid), s.stxstattarget,
    obj_description(s.oid, 'pg_statistic_ext'))
  from pg_statistic_ext as s join visible_schemas as v on v.oid = s.stxnamespace
  union all
  select format('policy %L on %s permissive %s for %s to %s using %s check %s comment %L', p.polname,
    p.polrelid::regclass, p.polpermissive, p.polcmd,
    (select array_agg(r::regrole::text order by 1) from unnest(p.polroles) as r),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
    obj_description(p.oid, 'pg_policy'))
  from pg_policy as p
  union all
  select format('trigger %s enabled %s comment %L', pg_get_triggerdef(t.oid), t.tgenabled,
    obj_description(t.oid, 'pg_trigger'))
  from pg_trigger as t
  where not t.tgisinternal
  union all
  select format('event trigger %I on %s calls %s tags %s', e.evtname, e.evtevent, e.evtfoid::regproc, e.evttags)
  from pg_event_trigger as e
  union all
  select format('routine %s kind %s owner %s rights %s comment %L %s', f.oid::regprocedure, f.prokind,
    f.proowner::regrole,
    (select array_agg(format('%s:%s:%s', a.grantee::regrole, a.privilege_type, a.is_grantable) order by 1)
     from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a),
    obj_description(f.oid, 'pg_proc'),
    case when f.prokind in ('f', 'p') then pg_get_functiondef(f.oid) end)
  from pg_proc as f join visible_schemas as v on v.oid = f.pronamespace
  union all
  select format('type %s %s owner %s base %s default %s labels %s comment %L', t.oid::regtype, t.typtype,
    t.typowner::regrole, nullif(t.typbasetype, 0)::regtype, t.typdefault,
    (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum as e where e.enumtypid = t.oid),
    obj_description(t.oid, 'pg_type'))
  from pg_type as t join visible_schemas as v on v.oid = t.typnamespace
  where t.typtype in ('e', 'd', 'r')
  union all
  select format('sequence %s type %s start %s by %s from %s to %s cycle %s', s.seqrelid::regclass,
    s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
  from pg_sequence as s
  union all
  select format('default rights of %s in %s on %s: %s', d.defaclrole::regrole,
    nullif(d.defaclnamespace, 0)::regnamespace, d.defaclobjtype,
    (select array_agg(format('%s:%s:%s', a.grantee::regrole, a.privilege_type, a.is_grantable) order by 1)
     from aclexplode(d.defaclacl) as a))
  from pg_default_acl as d
  union all
  select format('extension %I in %s', e.extname, e.extnamespace::regnamespace)
  from pg_extension as e
  union all
  select format('publication %I has %I.%I', p.pubname, p.schemaname, p.tablename)
  from pg_publication_tables as p
  union all
  select format('role %I login %s bypasses row security %s settings %s member of %s', r.rolname, r.rolcanlogin,
    r.rolbypassrls,
    (select array_agg(format('%s %s', s.setdatabase = 0, s.setconfig) order by 1)
     from pg_db_role_setting as s where s.setrole = r.oid),
    (select array_agg(m.roleid::regrole::text order by 1) from pg_auth_members as m where m.member = r.oid))
  from pg_roles as r
  where r.rolname !~ '^pg_'
)
select fact from facts order by fact collate "C"
