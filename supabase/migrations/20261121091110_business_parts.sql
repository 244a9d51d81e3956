-- Business parts: an operations table as a list of statements. They are read from one business, run for another, and
-- compared between two.
--
-- Touches: private.business_parts.
-- Beware:  the order of the parts is the order in which they can be made. A part without a phase is made with another
--          part, or cannot be made (inheritance); it is only compared. Only options that a person can set count:
--          servers store some of their own in the same place (Debian's Postgres 17.12 its pg_attver), and these differ
--          for each table. Index names are unique in a schema, so they carry the prefix; names of checks and foreign
--          keys are unique in a table and do not.

create function private.business_parts(prefix text)
returns table (phase integer, template text, part text, name text, definition text)
language sql
stable
set search_path = ''
as $$
  with names as materialized (
    select string_agg(t.table_name, '|' order by t.table_name) as templates from private.business_templates as t
  ), tables as materialized (
    select t.table_name as template, 'public.{prefix}' || t.table_name as place, names.templates, c.*
    from private.business_templates as t
    cross join names
    join pg_catalog.pg_class as c on c.relname = prefix || t.table_name and c.relnamespace = 'public'::regnamespace
      and c.relkind in ('r', 'p')
  ), columns as materialized (
    select t.template, t.place, t.templates, a.*, k.typstorage,
      quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attcollation <> k.typcollation then ' collate ' || a.attcollation::regcollation else '' end
      || case when a.attgenerated <> '' then format(' generated always as (%s) stored', pg_get_expr(d.adbin, d.adrelid))
           when d.adbin is not null
             then ' default ' || private.without_prefix(pg_get_expr(d.adbin, d.adrelid), prefix, null, t.templates)
           else '' end
      || case when a.attidentity <> '' then (
           select format(' generated %s as identity (start with %s increment by %s minvalue %s maxvalue %s cache %s%s)',
             case a.attidentity when 'a' then 'always' else 'by default' end, s.seqstart, s.seqincrement, s.seqmin,
               s.seqmax, s.seqcache,
             case when s.seqcycle then ' cycle' else '' end)
           from pg_catalog.pg_depend as its join pg_catalog.pg_sequence as s on s.seqrelid = its.objid
           where its.classid = 'pg_class'::regclass and its.refclassid = 'pg_class'::regclass
             and its.refobjid = t.oid and its.refobjsubid = a.attnum and its.deptype = 'i'
         ) else '' end
      || case when a.attnotnull then ' not null' else '' end as clause
    from tables as t
    join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type as k on k.oid = a.atttypid
    left join pg_catalog.pg_attrdef as d on d.adrelid = t.oid and d.adnum = a.attnum
  ), indexes as materialized (
    select t.template, t.place, t.templates, i.*, own.relname as own_name, own.reloptions,
      coalesce('{prefix}' || twin.relname, own.relname) as index_name,
      exists (select from pg_catalog.pg_constraint as k
        where k.conindid = i.indexrelid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x')) as is_constraint
    from tables as t
    join pg_catalog.pg_index as i on i.indrelid = t.oid
    join pg_catalog.pg_class as own on own.oid = i.indexrelid
    left join lateral (
      select c.relname from pg_catalog.pg_index as ti join pg_catalog.pg_class as c on c.oid = ti.indexrelid
      where ti.indrelid = to_regclass('public.' || t.template) and private.stamped_name(prefix, c.relname) = own.relname
    ) as twin on true
  ), constraints as materialized (
    select t.template, t.place, k.oid, k.contype, k.conindid,
      coalesce(i.index_name, quote_ident(k.conname)) as constraint_name,
      private.without_prefix(pg_get_constraintdef(k.oid), prefix, null, t.templates) as clause
    from tables as t
    join pg_catalog.pg_constraint as k on k.conrelid = t.oid and k.contype in ('p', 'u', 'x', 'c', 'f')
      and k.conparentid = 0
    left join indexes as i on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
  ), statistics as materialized (
    select t.template, s.oid, case
      when starts_with(s.stxname, prefix) then '{prefix}' || substr(s.stxname, length(prefix) + 1)
    else s.stxname end as statistics_name,
      private.without_prefix(replace(pg_get_statisticsobjdef(s.oid), format('.%I ', s.stxname), '.{name} '), prefix,
        null, t.templates) as clause, s.stxstattarget
    from tables as t join pg_catalog.pg_statistic_ext as s on s.stxrelid = t.oid
  ), triggers as materialized (
    select t.template, t.place, g.oid, g.tgname, g.tgenabled,
      private.without_prefix(pg_get_triggerdef(g.oid), prefix, null, t.templates) as clause
    from tables as t join pg_catalog.pg_trigger as g on g.tgrelid = t.oid and not g.tgisinternal
  ), policies as materialized (
    select t.template, t.place, p.*,
      (select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', '
        order by pg_get_userbyid(r)) from unnest(p.polroles) as r) as roles,
      private.without_prefix(pg_get_expr(p.polqual, p.polrelid), prefix, t.template, t.templates) as reads,
      private.without_prefix(pg_get_expr(p.polwithcheck, p.polrelid), prefix, t.template, t.templates) as writes
    from tables as t join pg_catalog.pg_policy as p on p.polrelid = t.oid
  ), options as (
    select t.template, t.place, string_agg(format('%s = %L', o.name, o.value), ', '
      order by o.name ~ '^toast', o.at) as options
    from tables as t
    left join pg_catalog.pg_class as toast on toast.oid = t.reltoastrelid
    cross join lateral (
      select option_name, option_value, ordinality from pg_options_to_table(t.reloptions) with ordinality
      where option_name !~ '^pg_'
      union all
      select 'toast.' || option_name, option_value, ordinality
      from pg_options_to_table(toast.reloptions) with ordinality where option_name !~ '^pg_'
    ) as o (name, value, at)
    group by t.template, t.place
  ), granted as (
    select t.template, t.place, null::text as columns, 0 as columns_at, a.grantee, lower(a.privilege_type) as privilege,
      a.is_grantable
    from tables as t cross join lateral aclexplode(t.relacl) as a where a.grantee <> t.relowner
    union all
    select c.template, c.place, string_agg(quote_ident(c.attname), ', ' order by c.attnum), 1, a.grantee,
      lower(a.privilege_type), a.is_grantable
    from columns as c cross join lateral aclexplode(c.attacl) as a
    group by c.template, c.place, a.grantee, lower(a.privilege_type), a.is_grantable
  ), comments as (
    select t.template, 'table'::text as kind, t.template as name, format('table %s', t.place) as of_what,
      obj_description(t.oid, 'pg_class') as words from tables as t
    union all select c.template, 'column', c.attname, format('column %s.%I', c.place, c.attname),
      col_description(c.attrelid, c.attnum) from columns as c
    union all select k.template, 'constraint', k.constraint_name,
      format('constraint %s on %s', k.constraint_name, k.place), obj_description(k.oid, 'pg_constraint')
    from constraints as k
    union all select i.template, 'index', i.index_name, format('index public.%s', i.index_name),
      obj_description(i.indexrelid, 'pg_class') from indexes as i
    union all select s.template, 'statistics', s.statistics_name, format('statistics public.%s', s.statistics_name),
      obj_description(s.oid, 'pg_statistic_ext') from statistics as s
    union all select g.template, 'trigger', g.tgname, format('trigger %I on %s', g.tgname, g.place),
      obj_description(g.oid, 'pg_trigger') from triggers as g
    union all select p.template, 'policy', p.polname, format('policy %I on %s', p.polname, p.place),
      obj_description(p.oid, 'pg_policy') from policies as p
  ), parts (phase, template, part, name, definition) as (
    select 1, t.template, 'table', t.template, format(
        'create %stable %s (like public.%s including defaults including generated including identity including '
          'constraints including storage including compression)',
        case t.relpersistence when 'u' then 'unlogged ' else '' end, t.place, t.template) ||
          coalesce(' partition by ' || pg_get_partkeydef(t.oid), '')
      from tables as t
    union all select null, c.template, 'columns', c.template, string_agg(quote_ident(c.attname), ', ' order by c.attnum)
    from columns as c group by c.template
    union all select null, c.template, 'column', c.attname, c.clause from columns as c
    union all select null, c.template, 'storage', c.attname,
      format('alter table %s alter column %I set storage %s', c.place, c.attname,
        case c.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end)
      from columns as c where c.attstorage <> c.typstorage
    union all select null, c.template, 'compression', c.attname,
      format('alter table %s alter column %I set compression %s', c.place, c.attname,
        case c.attcompression when 'l' then 'lz4' else 'pglz' end)
      from columns as c where c.attcompression <> ''
    union all select 2, c.template, 'statistics target', c.attname,
      format('alter table %s alter column %I set statistics %s', c.place, c.attname, c.attstattarget)
      from columns as c where c.attstattarget >= 0
    union all select 2, c.template, 'column option', c.attname || ' ' || o.option_name,
      format('alter table %s alter column %I set (%I = %L)', c.place, c.attname, o.option_name, o.option_value)
      from columns as c cross join lateral pg_options_to_table(c.attoptions) as o
      where o.option_name in ('n_distinct', 'n_distinct_inherited')
    union all select case k.contype when 'f' then 5 when 'c' then null else 3 end, k.template,
      case k.contype when 'f' then 'foreign key' when 'c' then 'check' else 'key' end,
        k.constraint_name, format('alter table %s add constraint %s %s', k.place, k.constraint_name, k.clause)
      from constraints as k
    union all select 4, i.template, 'index', i.index_name,
        private.without_prefix(replace(pg_get_indexdef(i.indexrelid), format(' INDEX %I ON ', i.own_name),
          format(' INDEX %s ON ', i.index_name)), prefix, null, i.templates)
      from indexes as i where not i.is_constraint
    union all select 4, i.template, 'index option', i.index_name || ' ' || o.option_name,
      format('alter index public.%s set (%I = %L)', i.index_name, o.option_name, o.option_value)
      from indexes as i cross join lateral pg_options_to_table(i.reloptions) as o
      where i.is_constraint and o.option_name !~ '^pg_'
    union all select null, t.template, 'inheritance', h.inhrelid::regclass::text, 'inherits ' || h.inhparent::regclass
      from tables as t join pg_catalog.pg_inherits as h on t.oid in (h.inhparent, h.inhrelid)
    union all select null, i.template, 'index state', i.index_name, 'invalid' from indexes as i where not i.indisvalid
    union all select 4, s.template, 'statistics', s.statistics_name, replace(s.clause, '{name}', s.statistics_name)
    from statistics as s
    union all select 4, s.template, 'statistics target', s.statistics_name,
      format('alter statistics public.%s set statistics %s', s.statistics_name, s.stxstattarget)
      from statistics as s where s.stxstattarget >= 0
    union all select 6, o.template, 'options', o.template, format('alter table %s set (%s)', o.place, o.options)
    from options as o
    union all select 6, t.template, 'row security', 'enabled',
      format('alter table %s enable row level security', t.place) from tables as t where t.relrowsecurity
    union all select 6, t.template, 'row security', 'forced', format('alter table %s force row level security', t.place)
    from tables as t where t.relforcerowsecurity
    union all select 6, t.template, 'replica identity', t.template,
      format('alter table %s replica identity %s', t.place,
      case t.relreplident when 'f' then 'full' when 'n' then 'nothing'
        else 'using index ' || (select i.index_name from indexes as i
          where i.indrelid = t.oid and i.indisreplident) end)
      from tables as t where t.relreplident <> 'd'
    union all select 6, i.template, 'clustered', i.index_name,
      format('alter table %s cluster on %s', i.place, i.index_name) from indexes as i where i.indisclustered
    union all select 7, t.template, 'queue', t.template,
      format('select private.register_work_queue(%L, %L, %L, %L)', t.place, q.max_in_progress, q.outcome_columns,
      q.kind)
      from tables as t join private.work_queues as q on q.work_table = t.oid
    union all select null, t.template, 'claim function', 'claim_' || t.template,
      format('%s %s %s', f.proacl, f.proconfig,
        replace(private.without_prefix(f.prosrc, prefix, null, t.templates), format('%L', prefix || t.template),
          format('%L', '{prefix}' || t.template)))
      from tables as t
      join pg_catalog.pg_proc as f on f.proname = 'claim_' || t.relname and f.pronamespace = 'private'::regnamespace
    union all select 8, g.template, 'trigger', g.tgname, g.clause from triggers as g
    union all select 9, g.template, 'trigger state', g.tgname, format('alter table %s %s trigger %I', g.place,
        case g.tgenabled when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, g.tgname)
      from triggers as g where g.tgenabled <> 'O'
    union all select 8, t.template, 'rule', r.rulename,
      private.without_prefix(pg_get_ruledef(r.oid), prefix, null, t.templates)
      from tables as t join pg_catalog.pg_rewrite as r on r.ev_class = t.oid
    union all select 8, p.template, 'policy', p.polname,
      format('create policy %I on %s as %s for %s to %s', p.polname, p.place,
        case when p.polpermissive then 'permissive' else 'restrictive' end,
        case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
          else 'all' end, p.roles)
        || coalesce(' using (' || p.reads || ')', '') || coalesce(' with check (' || p.writes || ')', '')
      from policies as p
    union all select 9, a.template, 'grant',
      concat_ws(' ', a.privilege, a.columns_at, a.grantee::regrole, a.is_grantable),
        format('grant %s%s on %s to %s%s', a.privilege, ' (' || a.columns || ')', a.place,
          case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
          case when a.is_grantable then ' with grant option' else '' end)
      from granted as a
    union all select 10, c.template, c.kind || ' comment', c.name, format('comment on %s is %L', c.of_what, c.words)
    from comments as c where c.words is not null
    union all select 11, t.template, 'publication', p.pubname,
      format('alter publication %I add table %s%s%s', p.pubname, t.place,
        ' (' || (select string_agg(quote_ident(c.attname), ', ' order by c.attnum) from columns as c
          where c.attrelid = t.oid and c.attnum = any (r.prattrs::smallint[])) || ')',
        ' where (' || private.without_prefix(pg_get_expr(r.prqual, t.oid), prefix, null, t.templates) || ')')
      from tables as t join pg_catalog.pg_publication_rel as r on r.prrelid = t.oid
      join pg_catalog.pg_publication as p on p.oid = r.prpubid
  )
  select parts.* from parts;
$$;
comment on function private.business_parts(text) is
  'All parts of the operations tables under a prefix (empty for the templates): columns, keys, checks, foreign keys, '
  'indexes, statistics, options, row security, policies, triggers, rules, queue and claim function, grants, comments, '
  'publications. definition: the statement that makes the part, with {prefix} for the prefix; phase: its order, null '
  'if another part makes it.';
