-- The catalogues' own rows are compared, column by column, without the description that stamping follows: what that
-- forgets is found here. What must differ is left out by name (object ids, file numbers;
-- attndims, which Postgres itself does not keep when it copies a column), or is written as a name (columns for their
-- numbers).
begin;
\ir ../../world.psql
\ir ../trial.psql
select plan(28);

-- An expression without the prefix, the alias that takes a template's place, and the parentheses that Postgres adds and
-- drops.
create function pg_temp.plain(words text) returns text language sql as $$
  select regexp_replace(regexp_replace(replace(words, 'zz9_', ''), '\m(\w+) \1\M', '\1', 'g'), '[()\s]', '', 'g');
$$;
create function pg_temp.columns_of(its_table oid, numbers smallint[]) returns jsonb language sql as $$
  select jsonb_agg(case n when 0 then '(expression)'
    else (select attname::text from pg_attribute where attrelid = its_table and attnum = n) end order by place)
  from unnest(numbers) with ordinality as key (n, place);
$$;
create function pg_temp.sorted(acl aclitem[]) returns jsonb language sql as $$
  select jsonb_agg(a::text order by a::text) from unnest(acl) as a;
$$;
-- Without what the server writes there for itself.
create function pg_temp.options(of_any text[]) returns jsonb language sql as $$
  select jsonb_agg(o order by o) from unnest(of_any) as o where o !~ '^pg_';
$$;

create function pg_temp.catalogue(prefix text) returns table (template text, catalogue text, name text, contents jsonb)
  language sql as $$
  with tables as (
    select t.table_name, c.* from private.business_templates as t
    join pg_class as c on c.oid = to_regclass('public.' || prefix || t.table_name)
  )
  select t.table_name, 'pg_class', t.table_name,
    to_jsonb(c) - array['oid', 'relname', 'reltype', 'relfilenode', 'relpages', 'reltuples', 'relallvisible',
      'reltoastrelid', 'relfrozenxid', 'relminmxid', 'relnatts', 'relacl', 'reloptions']
      || jsonb_build_object('acl', pg_temp.sorted(coalesce(c.relacl, acldefault('r', c.relowner))), 'comment',
        obj_description(c.oid, 'pg_class'),
        'options', pg_temp.options(c.reloptions), 'toast',
        (select pg_temp.options(toast.reloptions) from pg_class as toast where toast.oid = c.reltoastrelid))
  from tables as t join pg_class as c on c.oid = t.oid
  union all
  select t.table_name, 'pg_attribute', a.attname,
    to_jsonb(a) - '{attrelid,attnum,attacl,attcacheoff,attndims,attoptions}'::text[] || jsonb_build_object(
      'options', pg_temp.options(a.attoptions),
      'place', row_number() over (partition by t.oid order by a.attnum), 'acl', pg_temp.sorted(a.attacl), 'comment',
      col_description(t.oid, a.attnum),
      'default', (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef as d
        where d.adrelid = t.oid and d.adnum = a.attnum),
      'sequence', (select to_jsonb(s) - 'seqrelid' from pg_sequence as s
        where s.seqrelid = pg_get_serial_sequence(t.oid::regclass::text, a.attname)::regclass))
  from tables as t join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  union all
  select t.table_name, 'pg_constraint', left(replace(k.conname, 'zz9_', ''), 45),
    to_jsonb(k) - '{oid,conname,conrelid,conindid,confrelid,conkey,confkey,confdelsetcols,conbin}'::text[] ||
      jsonb_build_object(
      'key', pg_temp.columns_of(t.oid, k.conkey), 'of', pg_temp.plain(k.confrelid::regclass::text), 'their key',
      pg_temp.columns_of(k.confrelid, k.confkey),
      'set', pg_temp.columns_of(t.oid, k.confdelsetcols), 'check', pg_get_expr(k.conbin, t.oid), 'comment',
      obj_description(k.oid, 'pg_constraint'))
  from tables as t join pg_constraint as k on k.conrelid = t.oid
  union all
  select t.table_name, 'pg_index', left(replace(c.relname, 'zz9_', ''), 45),
    to_jsonb(i) - '{indexrelid,indrelid,indkey,indexprs,indpred}'::text[] || jsonb_build_object(
      'key', pg_temp.columns_of(t.oid, i.indkey::smallint[]), 'expressions', pg_get_expr(i.indexprs, t.oid), 'where',
      pg_temp.plain(pg_get_expr(i.indpred, t.oid)),
      'options', pg_temp.options(c.reloptions), 'method', c.relam, 'comment', obj_description(c.oid, 'pg_class'))
  from tables as t join pg_index as i on i.indrelid = t.oid join pg_class as c on c.oid = i.indexrelid
  union all
  select t.table_name, 'pg_policy', p.polname,
    to_jsonb(p) - '{oid,polrelid,polqual,polwithcheck,polroles}'::text[] ||
      jsonb_build_object('roles', (select jsonb_agg(r order by r) from unnest(p.polroles) as r),
      'using', pg_temp.plain(pg_get_expr(p.polqual, t.oid)),
      'check', pg_temp.plain(pg_get_expr(p.polwithcheck, t.oid)), 'comment', obj_description(p.oid, 'pg_policy'))
  from tables as t join pg_policy as p on p.polrelid = t.oid
  union all
  select t.table_name, 'pg_trigger', g.tgname,
    to_jsonb(g) - '{oid,tgrelid,tgattr,tgqual,tgconstraint,tgconstrindid}'::text[] ||
      jsonb_build_object('columns', pg_temp.columns_of(t.oid, g.tgattr::smallint[]),
      'all', pg_temp.plain(pg_get_triggerdef(g.oid)), 'comment', obj_description(g.oid, 'pg_trigger'))
  from tables as t join pg_trigger as g on g.tgrelid = t.oid and not g.tgisinternal
  union all
  select t.table_name, 'pg_statistic_ext', replace(s.stxname, 'zz9_', ''),
    to_jsonb(s) - '{oid,stxname,stxrelid,stxkeys,stxexprs}'::text[] || jsonb_build_object(
      'key', pg_temp.columns_of(t.oid, s.stxkeys::smallint[]), 'expressions',
      pg_get_statisticsobjdef_expressions(s.oid), 'comment', obj_description(s.oid, 'pg_statistic_ext'))
  from tables as t join pg_statistic_ext as s on s.stxrelid = t.oid
  union all
  select t.table_name, 'pg_rewrite', r.rulename,
    jsonb_build_object('all', pg_temp.plain(pg_get_ruledef(r.oid)), 'enabled', r.ev_enabled)
  from tables as t join pg_rewrite as r on r.ev_class = t.oid
  union all
  select t.table_name, 'pg_publication_rel', p.pubname,
    jsonb_build_object('columns', pg_temp.columns_of(t.oid, r.prattrs::smallint[]), 'where',
    pg_get_expr(r.prqual, t.oid))
  from tables as t join pg_publication_rel as r on r.prrelid = t.oid join pg_publication as p on p.oid = r.prpubid
  union all
  select t.table_name, 'work_queues', q.kind, to_jsonb(q) - '{name,work_table}'::text[]
  from tables as t join private.work_queues as q on q.work_table = t.oid
  union all
  select t.table_name, 'pg_proc', 'claim_' || t.table_name,
    jsonb_build_object('body', pg_temp.plain(f.prosrc), 'settings', f.proconfig, 'acl', pg_temp.sorted(f.proacl))
  from tables as t
  join pg_proc as f on f.oid = to_regprocedure(format('private.%I(text, uuid, interval, integer, integer, uuid[], '
    'integer)', 'claim_' || prefix || t.table_name));
$$;

select is(tests.answer_of($$select private.create_business(tests.id('north'), 'zz9_', 'North Again')$$), 'ok',
  'a business is made');
create temporary table of_templates on commit drop as select * from pg_temp.catalogue('');
create temporary table of_business on commit drop as select * from pg_temp.catalogue('zz9_');

select is_empty(
  format($$select * from of_templates as t full join of_business as b using (template, catalogue, name)
    where catalogue = %L and (t.contents is distinct from b.contents)$$, catalogue),
  format('%s says the same of what was stamped as of the templates', catalogue)
)
from unnest(array[
  'pg_class', 'pg_attribute', 'pg_constraint', 'pg_index', 'pg_policy', 'pg_trigger', 'pg_statistic_ext', 'pg_rewrite',
  'pg_publication_rel', 'work_queues', 'pg_proc'
]) as catalogue;
select cmp_ok((select count(*) from of_templates where catalogue = named), '>', 0::bigint,
  format('%s has something to compare', named))
from unnest(array[
  'pg_class', 'pg_attribute', 'pg_constraint', 'pg_index', 'pg_policy', 'pg_trigger', 'pg_statistic_ext', 'pg_rewrite',
  'pg_publication_rel', 'work_queues', 'pg_proc'
]) as named;

-- The comparison above takes prefixes away: that they were put everywhere is another matter.
create temporary table parts_of_business on commit drop as
select c.oid as part from private.stamped_tables('zz9_') as s join pg_class as c on c.oid = s.stamped
union all select oid from pg_constraint join private.stamped_tables('zz9_') on stamped = conrelid
union all select oid from pg_policy join private.stamped_tables('zz9_') on stamped = polrelid
union all select oid from pg_trigger join private.stamped_tables('zz9_') on stamped = tgrelid
union all select indexrelid from pg_index join private.stamped_tables('zz9_') on stamped = indrelid;
select is_empty(
  $$select pg_describe_object(classid, objid, objsubid), refobjid::regclass from pg_depend
    where objid in (select part from parts_of_business) and refclassid = 'pg_class'::regclass
      and refobjid in (select to_regclass('public.' || table_name) from private.business_templates)$$,
  'nothing that was stamped reads or refers to a template'
);
select is(
  (select count(*) from pg_depend
    where objid in (select oid from pg_policy where polrelid = 'public.zz9_trial_queue'::regclass)
    and refobjid = 'public.zz9_trial_leads'::regclass and refobjsubid > 0)::integer,
  (select count(*) from pg_depend
    where objid in (select oid from pg_policy where polrelid = 'public.trial_queue'::regclass)
    and refobjid = 'public.trial_leads'::regclass and refobjsubid > 0)::integer,
  'a policy that read a sibling reads the stamped one'
);
select is(
  (select array_agg(confrelid::regclass::text order by conname) from pg_constraint
    where conrelid = 'public.zz9_trial_queue'::regclass and contype = 'f'),
  array['workspaces', 'zz9_trial_leads'],
    'a foreign key between templates is one between what was stamped, any other stays'
);
select is_empty($$select *
  from private.business_differences('zz9_')$$, 'and the description sees no difference either');
select is_empty(
  $$select table_name from private.business_templates except select table_name from private.stamped_tables('zz9_')$$,
  'every template was stamped'
);

select * from finish();
rollback;
