-- Stamping: gives a business its own tables, equal to the templates, and keeps them equal when the templates change.
--
-- Touches: private.create_business, private.stamp_tables (makes tables), private.business_differences (compares),
--          private.for_each_business (changes all).
-- Beware:  stamping only reads the templates, so they may be written meanwhile. Its foreign keys lock the referenced
--          tables (workspaces, agents) against writers until it commits; it gives up after waiting five seconds for a
--          lock. A migration that changes a template must use private.for_each_business. Otherwise existing businesses
--          differ from it: private.business_differences shows how.

create function private.stamp_tables(prefix text, templates text[] default null)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  missing text;
  made record;
  grantee text;
begin
  select string_agg(t.table_name, ', ' order by t.ordinal) into missing from private.business_templates as t
  where to_regclass('public.' || t.table_name) is null;
  if missing is not null then
    raise exception 'templates are missing: %', missing;
  end if;
  for made in
    select p.phase, p.part, p.name, p.template, p.definition, t.ordinal
    from private.business_parts('') as p join private.business_templates as t on t.table_name = p.template
    where p.phase is not null and (templates is null or p.template = any (templates))
    order by p.phase, t.ordinal, p.part, p.name
  loop
    -- Registering a queue already made its triggers.
    continue when made.part = 'trigger' and exists (
      select from pg_catalog.pg_trigger as g
      where g.tgrelid = to_regclass('public.' || stamp_tables.prefix || made.template) and g.tgname = made.name);
    execute private.with_prefix(made.definition, stamp_tables.prefix);
    if made.part = 'table' then
      -- Drop default grants of the new table: only the template's grants count.
      for grantee in
        select distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end
        from pg_catalog.pg_class as c cross join lateral aclexplode(c.relacl) as a
        where c.oid = to_regclass('public.' || stamp_tables.prefix || made.template) and a.grantee <> c.relowner
      loop
        execute format('revoke all on public.%I from %s', stamp_tables.prefix || made.template, grantee);
      end loop;
    end if;
  end loop;
end;
$$;
comment on function private.stamp_tables(text, text[]) is
  'Makes the tables of the templates (null: of all) under a prefix. For a new template: select '
  'private.stamp_tables(prefix, array[''new_table'']) from public.businesses where prefix <> ''''.';

create function private.business_differences(prefix text default null)
returns table (business text, table_name text, part text, name text, of_template text, of_business text)
language sql
stable
set search_path = ''
as $$
  select stamped.prefix, differing.*
  from (
    select $1 as prefix where $1 is not null
    union all
    select known.prefix from public.businesses as known where $1 is null and known.prefix <> ''
  ) as stamped
  cross join lateral (
    select template, part, name, t.definition as of_template, b.definition as of_business
    from private.business_parts('') as t
    full join private.business_parts(stamped.prefix) as b using (template, part, name)
    where t.definition is distinct from b.definition
  ) as differing;
$$;
comment on function private.business_differences(text) is
  'The differences between the tables of a business (by its prefix; null: of all) and their templates. No rows means '
  'equal. of_template, of_business: the statement that would make the part, null if it is missing.';

create function private.for_each_business(ddl text)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  prefixes text[];
  its_prefix text;
  before jsonb;
  differences text;
begin
  if strpos(ddl, '{prefix}') = 0 then
    raise exception 'nothing in the statement bears {prefix}: it would do the same thing for each business';
  end if;
  perform private.lock_businesses();
  prefixes := array(select known.prefix from public.businesses as known where known.prefix <> '' order by known.prefix);
  select coalesce(jsonb_agg(d), '[]') into before from private.business_differences() as d;
  foreach its_prefix in array '{""}' || prefixes loop
    execute private.with_prefix(ddl, its_prefix);
  end loop;
  -- A claim function answers the columns that its table had when the function was made.
  perform private.make_claim_function(q)
  from private.work_queues as q
  where q.kind in (select t.table_name from private.business_templates as t)
    and q.work_table = to_regclass('public.' || q.name);
  select string_agg(format('%s%s: %s %s', d.business, d.table_name, d.part, d.name), '; ') into differences
  from private.business_differences() as d where not before @> jsonb_build_array(to_jsonb(d));
  if differences is not null then
    raise exception 'the businesses would differ from their templates in: %', differences;
  end if;
  perform pg_catalog.pg_notify('pgrst', 'reload schema');
  return 1 + cardinality(prefixes);
end;
$$;
comment on function private.for_each_business(text) is
  'Changes the templates and the tables of every business. ddl: one or more statements with {prefix} before each name '
  'of a table, index or sibling: alter table public.{prefix}leads add column rank integer. Name every constraint. '
  'Claim functions are made again. Refuses a change that leaves a business different from its templates. Returns how '
  'many sets of tables changed, the templates included. All or nothing.';

create function private.lock_businesses()
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_catalog.pg_advisory_xact_lock(hashtextextended('groundwork businesses', 0));
$$;
comment on function private.lock_businesses() is
  'Serializes transactions that make, change or drop tables of businesses, until the transaction ends.';

create function private.require_free_prefix(prefix text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
begin
  if exists (select from private.business_templates as t where octet_length('claim_' || prefix || t.table_name) > 63)
    then
    perform private.raise_error('invalid_prefix', 'With this prefix a name would be longer than 63 bytes.', 422,
      'Choose a shorter one.');
  end if;
  -- The error does not say what took the prefix: a tenant could learn the names of another's tables.
  if exists (select from public.businesses as known where known.prefix = $1) or exists (
    select from private.business_templates as t
    cross join lateral (select $1 || t.table_name as name) as stamped
    left join pg_catalog.pg_proc as f on f.proname = 'claim_' || stamped.name
      and f.pronamespace = 'private'::regnamespace
    where to_regclass('public.' || stamped.name) is not null or to_regtype('public.' || stamped.name) is not null
      or f.oid is not null)
  then
    perform private.raise_error('prefix_taken', 'This prefix is in use.', 409, 'Choose another one.');
  end if;
end;
$$;
comment on function private.require_free_prefix(text) is
  'Refuses a prefix that cannot be used: invalid_prefix 422 when a name would be too long, prefix_taken 409 when a '
  'business, a table, a type or a claim function has it.';

create function private.create_business(workspace_id uuid, prefix text, name text, time_zone text default 'UTC')
returns public.businesses
language plpgsql
volatile
security definer -- makes tables, which only their owner may
set search_path = ''
set lock_timeout = '5s'
as $$
declare
  business public.businesses;
begin
  if prefix is null or prefix !~ '^([a-z][a-z0-9]{0,9}_)?$' then
    perform private.raise_error('invalid_prefix',
      'A prefix is 1 to 10 lowercase letters and digits, a letter first, and an underscore.', 422,
      'E.g. pn_; empty for a workspace''s first business.');
  end if;
  if private.is_time_zone(create_business.time_zone) is not true then
    perform private.raise_error('invalid_time_zone', 'There is no such time zone.', 422,
      'An IANA name, e.g. America/Chicago.');
  end if;
  perform private.lock_businesses();
  perform from public.workspaces as workspace
  where workspace.id = create_business.workspace_id and workspace.deleted_at is null for key share;
  if not found then
    perform private.raise_error('not_found', 'There is no such workspace.', 404);
  end if;
  if prefix <> '' then
    perform private.require_free_prefix(prefix);
  end if;
  insert into public.businesses as known (workspace_id, prefix, name, time_zone)
  values (create_business.workspace_id, create_business.prefix, create_business.name, create_business.time_zone)
  returning known.* into business;
  if prefix <> '' then
    perform private.stamp_tables(prefix);
    if exists (select from private.business_differences(create_business.prefix)) then
      raise exception 'a template has what cannot be stamped: %',
        (select jsonb_agg(d) from private.business_differences(create_business.prefix) as d);
    end if;
    -- The Data API loads the new tables when this commits.
    perform pg_catalog.pg_notify('pgrst', 'reload schema');
  end if;
  return business;
exception
  when unique_violation or duplicate_table or duplicate_object then
    perform private.raise_error('prefix_taken', 'This prefix is in use.', 409, 'Choose another one.');
    return null;
  when lock_not_available then
    perform private.raise_error('unavailable', 'Somebody holds a lock that this needs.', 503,
      'Nothing was made. Try again.');
    return null;
end;
$$;
comment on function private.create_business(uuid, text, text, text) is
  'Makes a business of a workspace with its own tables: pn_leads, pn_dial_queue, … for the prefix pn_. prefix: '
  'lowercase letters and digits and an underscore, at most 11 characters, unique; empty for the workspace''s first '
  'business, which uses the existing tables. name: 1–200 characters, need not be unique. time_zone: an IANA name. All '
  'or nothing. Errors: invalid_prefix, invalid_time_zone 422, prefix_taken 409, not_found 404, unavailable 503, '
  'invalid_value 422 on a malformed name.';
