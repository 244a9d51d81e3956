-- Reading leads: what the rows of an import say, before any is written.
--
-- Touches: public.import_headings: a vendor's headings. private.read_lead, read_leads, judge_leads: rows as leads, and
--            what is wrong with them. private.fits_array: whether a value is an array of a type.
-- Beware:  a row is identified by its normalized state, county and parcel (lead_key). What makes two rows the same lead
--          is decided only among the rows that are taken.

create table public.import_headings (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  heading text not null,
  column_name text,
  created_at timestamptz not null default now(),
  primary key (workspace_id, heading),
  constraint heading_is_short check (length(heading) between 1 and 200),
  constraint column_is_one_that_an_import_sets check (column_name in (
    'address', 'city', 'county', 'state', 'zip', 'parcel', 'property_type', 'year_built', 'area_sqft', 'lot_sqft',
    'bedrooms', 'bathrooms',
    'distress_score', 'distress_signals', 'tax_delinquent_minor', 'foreclosure_stage', 'auction_date', 'is_vacant',
    'code_violations',
    'estimated_value_minor', 'mortgage_balance_minor', 'estimated_equity_minor', 'last_sale_minor', 'last_sale_date',
    'owner_name',
    'owner_kind', 'mailing_address', 'phones', 'emails', 'is_absentee', 'do_not_call', 'source_name', 'source_url',
    'scraped_at', 'source_raw',
    'tags', 'notes'))
);
comment on table public.import_headings is
  'A workspace''s own column headings for imports, in addition to the known ones. The function leads reads them.';
comment on column public.import_headings.column_name is 'The column of leads; null: the column is ignored.';
alter table public.import_headings enable row level security;
grant select, delete on public.import_headings to authenticated;
grant insert (workspace_id, heading, column_name), update (column_name) on public.import_headings to authenticated;
grant select, insert, update, delete on public.import_headings to service_role;
create policy "Admins read heading mappings" on public.import_headings
  for select to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read heading mappings" on public.import_headings is 'Only admins import.';
create policy "Admins add heading mappings" on public.import_headings
  for insert to authenticated with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add heading mappings" on public.import_headings is 'Only admins import.';
create policy "Admins change heading mappings" on public.import_headings
  for update to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change heading mappings" on public.import_headings is
  'Only the column is granted: another heading is another row.';
create policy "Admins remove heading mappings" on public.import_headings
  for delete to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins remove heading mappings" on public.import_headings is
  'The heading then has its default meaning, or none.';

create function private.read_lead(given jsonb, out fields jsonb, out code text, out field text, out message text)
language plpgsql
immutable
set search_path = ''
as $$
declare
  settable constant text[] := array['address', 'city', 'county', 'state', 'zip', 'parcel', 'property_type',
    'year_built', 'area_sqft', 'lot_sqft',
    'bedrooms', 'bathrooms', 'distress_score', 'distress_signals', 'tax_delinquent_minor', 'foreclosure_stage',
    'auction_date', 'is_vacant',
    'code_violations', 'estimated_value_minor', 'mortgage_balance_minor', 'estimated_equity_minor', 'last_sale_minor',
    'last_sale_date', 'owner_name',
    'owner_kind', 'mailing_address', 'phones', 'emails', 'is_absentee', 'do_not_call', 'source_name', 'source_url',
    'scraped_at', 'source_raw', 'tags', 'notes'];
  lists constant text[] := array['distress_signals', 'phones', 'emails', 'tags'];
  value jsonb;
  written text;
  phone text;
  numbers text[];
begin
  if jsonb_typeof(given) <> 'object' then
    code := 'invalid_row';
    message := case when jsonb_typeof(given) = 'string' then left(given #>> '{}', 200) else 'A row is an object.' end;
    return;
  end if;
  fields := '{}';
  for field, value in select key, case when jsonb_typeof(v) = 'string' then to_jsonb(trim(v #>> '{}')) else v end
  from jsonb_each(given) as e (key, v) loop
    continue when value = 'null' or value = '""';
    if field <> all (settable) then
      code := 'unknown_column';
      message := 'An import does not set this.';
      return;
    end if;
    if field = any (lists) and jsonb_typeof(value) = 'string' then
      value := to_jsonb(array(select trim(part) from regexp_split_to_table(value #>> '{}', '[;|,]') as part
        where trim(part) <> ''));
    end if;
    if field = 'phones' and jsonb_typeof(value) = 'array' then
      for written, phone in
        select one.written, private.read_phone(one.written)
        from jsonb_array_elements_text(value) with ordinality as one (written, place) order by one.place
      loop
        if phone is null then
          code := 'invalid_value';
          message := left('This is no telephone number: ' || coalesce(written, 'null'), 200);
          return;
        end if;
        numbers := array_append(numbers, phone);
      end loop;
      value := to_jsonb(coalesce(numbers, '{}'));
    end if;
    if field = 'state' then
      value := to_jsonb(private.state_code(value #>> '{}'));
    end if;
    if field = 'parcel' and value #>> '{}' ~* '^\d([.,]\d+)?e[+]\d+$' then
      code := 'invalid_value';
      message := left('A spreadsheet has rounded this number: ' || (value #>> '{}'), 200);
      return;
    end if;
    fields := fields || jsonb_build_object(field, value);
  end loop;
  foreach field in array array['state', 'county', 'parcel'] loop
    if fields ->> field is null then
      code := 'missing_value';
      message := 'State, county and parcel say which lead it is.';
      return;
    end if;
  end loop;
  field := null;
end;
$$;
comment on function private.read_lead(jsonb) is
  'Converts a row of an import to the table''s columns: trims texts, drops empty ones, splits lists written as text '
  '(at ; | or ,), and normalizes phone numbers with read_phone. For a bad row: code and field. A text in place of a '
  'row is the reason why it could not be read.';

create function private.judge_leads(work_table regclass, lines integer[], leads jsonb)
returns table (line integer, field text, message text)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  verdicts text;
begin
  -- Values that do not fit their column.
  return query
  select distinct on (one.place) lines[one.place], part.key, 'The value does not fit the column.'
  from jsonb_array_elements(leads) with ordinality as one (fields, place)
  cross join lateral jsonb_each(one.fields) as part (key, value)
  join pg_catalog.pg_attribute as a on a.attrelid = work_table and a.attname = part.key and not a.attisdropped
  join pg_catalog.pg_type as t on t.oid = a.atttypid
  where not case when t.typname = 'jsonb' then true
    when t.typcategory = 'A' then jsonb_typeof(part.value) = 'array' and private.fits_array(part.value, t.oid)
    else pg_input_is_valid(part.value #>> '{}', format_type(a.atttypid, a.atttypmod)) end
  order by one.place, part.key;
  if found then
    return;
  end if;
  -- Rows that break a check of the table, read from the table's own checks, which must not refuse here.
  select string_agg(format('when not (%s) then %L',
    regexp_replace(pg_get_expr(k.conbin, k.conrelid), ' OR private\.refuse\([^()]*\)\)$', ')'), k.conname), ' '
    order by k.conname) into verdicts
  from pg_catalog.pg_constraint as k where k.conrelid = work_table and k.contype = 'c';
  return query execute format($judge$
    select judged.line, a.attname::text, replace(judged.broken, '_', ' ') from (
      select ($1)[one.place] as line,
        (select case %1$s end from jsonb_populate_record(null::%2$s, one.fields)) as broken
      from jsonb_array_elements($2) with ordinality as one (fields, place)
    ) as judged
    join pg_catalog.pg_constraint as k on k.conrelid = %3$L::regclass and k.conname = judged.broken
    left join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
  $judge$, verdicts, work_table, work_table::text) using lines, leads;
exception when data_exception then
  -- A value looks valid but is not: report none here; the search by halves finds it.
  return;
end;
$$;
comment on function private.judge_leads(regclass, integer[], jsonb) is
  'Of leads in the form of write_leads, those that cannot be written, and the reason. Two statements check all, so the '
  'time does not depend on the number of bad rows. Broken rules are reported only when all values fit their columns.';

create function private.fits_array(value jsonb, array_type oid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce(bool_and(one.value is null or pg_input_is_valid(one.value, format_type(t.typelem, null))), true)
  from pg_catalog.pg_type as t cross join lateral jsonb_array_elements_text($1) as one (value)
  where t.oid = $2 and t.typelem <> 0;
$$;
comment on function private.fits_array(jsonb, oid) is
  'Whether each text of a JSON array fits the type''s elements; true if the type is no array.';

create function private.read_leads(work_table regclass, leads jsonb)
returns table (line integer, fields jsonb, code text, field text, message text)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  lines integer[];
  twice jsonb;
  refused jsonb := '[]'::jsonb;
  found_bad jsonb;
  given jsonb := (
    select jsonb_agg(jsonb_build_object('line', one.place, 'fields', said.fields, 'code', said.code, 'field',
      said.field,
      'message', said.message, 'key',
      private.lead_key(said.fields ->> 'state', said.fields ->> 'county', said.fields ->> 'parcel')))
    from jsonb_array_elements(leads) with ordinality as one (value, place) cross
    join lateral private.read_lead(one.value) as said);
begin
  -- Only valid rows take a lead: rows for the same lead are checked first. One round finds values that do not fit their
  -- column, the next broken rules.
  for round in 1 .. 3 loop
    select array_agg((g ->> 'line')::integer order by place), jsonb_agg(g -> 'fields' order by place) into lines, twice
    from (
      select g, place, count(*) over (partition by g ->> 'key') as alike
      from jsonb_array_elements(given) with ordinality as e (g, place)
      where g ->> 'code' is null and not exists (select from jsonb_array_elements(refused) as r
        where r -> 'line' = g -> 'line')
    ) as good where alike > 1;
    exit when lines is null;
    select jsonb_agg(to_jsonb(j)) into found_bad from private.judge_leads(work_table, lines, twice) as j;
    exit when found_bad is null;
    refused := refused || found_bad;
  end loop;
  return query
  with told as (
    select (g ->> 'line')::integer as line, nullif(g -> 'fields', 'null') as fields, g ->> 'key' as key,
      coalesce(g ->> 'code', case when r.line is not null then 'invalid_value' end) as code,
      coalesce(g ->> 'field', r.field) as field, coalesce(g ->> 'message', r.message) as message
    from jsonb_array_elements(given) as g
    left join jsonb_to_recordset(refused) as r (line integer, field text,
      message text) on r.line = (g ->> 'line')::integer
  ), placed as (
    select t.*, case
      when t.code is null then min(case when t.code is null then t.line end) over (partition by t.key) end as first_line
    from told as t
  )
  select p.line, p.fields, case when p.first_line < p.line then 'duplicate_row' else p.code end,
    case when p.first_line < p.line then 'parcel' else p.field end,
    case when p.first_line < p.line then 'The same parcel is in row ' || p.first_line || '.' else p.message end
  from placed as p;
end;
$$;
comment on function private.read_leads(regclass, jsonb) is
  'Reads the rows of an import with read_lead. Of rows for one lead (lead_key) the first valid one wins; the others '
  'are duplicate_row.';

grant execute on function private.read_lead(jsonb), private.judge_leads(regclass, integer[], jsonb),
  private.read_leads(regclass, jsonb), private.fits_array(jsonb, oid) to authenticated, service_role;
