-- Importing leads: many rows in one transaction, with a report for each row.
--
-- Touches: public.import_headings (a vendor's headings), private.business_table, public.import_leads and its body,
--          private.import_leads_as (for the function leads).
-- Beware:  it runs with the caller's rights: row-level security and column grants apply to each row. A row is
--          identified by its normalized state, county and parcel (lead_key). Values that a row leaves out (absent,
--          null, empty) stay as they are. An import may set do_not_call, but never clears it.

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

create function private.business_table(workspace_id uuid, prefix text, template text)
returns regclass
language plpgsql
stable
security definer -- members learn only by not_found whether a business exists
set search_path = ''
as $$
declare
  found_table regclass;
begin
  if prefix = '' or exists (select from public.businesses as b where b.workspace_id = $1 and b.prefix = $2) then
    found_table := to_regclass(format('public.%I', prefix || template));
  end if;
  if found_table is null then
    perform private.raise_error('unknown_business', 'The workspace has no such business.', 404,
      'prefix is a business''s, e.g. pn_, or empty for the first.');
  end if;
  return found_table;
end;
$$;
comment on function private.business_table(uuid, text, text) is
  'The table of a workspace''s business: pn_leads for (…, pn_, leads). Errors: unknown_business 404.';

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
  -- Rows that break a check of the table, read from the table's own checks.
  select string_agg(format('when not (%s) then %L', pg_get_expr(k.conbin, k.conrelid), k.conname), ' '
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

create function private.write_leads(work_table regclass, workspace_id uuid, lines integer[], leads jsonb)
returns table (line integer, result text, lead_id uuid, code text, field text, message text)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  named text[] := array(select k from jsonb_object_keys(leads -> 0) as k order by k);
  half integer := cardinality(lines) / 2;
  statement text;
  broken_constraint text;
  broken_column text;
  bad integer[];
  judged jsonb;
begin
  -- One statement for all, because each statement compiles the table's checks. The flag is set and never cleared.
  select format($write$
    with given as materialized (
      select ($2)[one.place] as line, private.lead_key(r.state, r.county, r.parcel) as key, r.*
      from jsonb_array_elements($3) with ordinality as one (fields, place)
      cross join lateral jsonb_populate_record(null::%1$s, one.fields) as r
    ), inserted as (
      insert into %1$s (workspace_id, %2$s) select $1, %2$s from given as g order by g.line
      on conflict (workspace_id, lead_key) do nothing returning id, lead_key as key
    ), updated as (
      update %1$s as l set %3$s from given as g
      where l.workspace_id = $1 and l.lead_key = g.key and (%4$s) is distinct from (%5$s)
      returning l.id, g.line
    )
    select g.line, case when i.id is not null then 'inserted' when u.id is not null then 'updated'
      when k.id is not null then 'unchanged' end,
      coalesce(i.id, k.id), null::text, null::text, null::text
    from given as g
    left join inserted as i on i.key = g.key
    left join updated as u on u.line = g.line
    left join %1$s as k on k.workspace_id = $1 and k.lead_key = g.key
  $write$, work_table, string_agg(quote_ident(c), ', '), string_agg(format('%I = %s', c, given_value), ', '),
    string_agg(format('l.%I', c), ', '), string_agg(given_value, ', ')) into statement
  from (select c, case when c = 'do_not_call' then 'l.do_not_call or g.do_not_call'
    -- These identify the row; they keep their first spelling.
    when c in ('state', 'county', 'parcel') then format('l.%I', c) else format('g.%I', c) end as given_value
      from unnest(named) as c) as columns;
  begin
    for line, result, lead_id, code, field, message in execute statement using workspace_id, lines, leads loop
      -- Another row has it, or a concurrent transaction just added it.
      if result is null then
        raise insufficient_privilege;
      end if;
      return next;
    end loop;
    return;
  exception
    when insufficient_privilege then
      code := 'forbidden';
      message := 'Only an admin of the workspace may do this.';
    when check_violation or not_null_violation or foreign_key_violation or data_exception then
      get stacked diagnostics broken_constraint = constraint_name, broken_column = column_name;
      code := 'invalid_value';
      message := replace(broken_constraint, '_', ' ');
      field := coalesce(nullif(broken_column, ''), (
        select a.attname from pg_catalog.pg_constraint as k
        join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
        where k.conrelid = work_table and k.conname = broken_constraint));
  end;
  -- First the rows that fail by themselves, then the others; halves only where two rows together break a rule.
  if half > 0 then
    select array_agg(j.line), jsonb_agg(to_jsonb(j)) into bad, judged
    from private.judge_leads(work_table, lines, leads) as j;
    if bad is not null then
      return query select (j ->> 'line')::integer, 'refused', null::uuid, 'invalid_value', j ->> 'field',
        j ->> 'message'
        from jsonb_array_elements(judged) as j;
      select array_agg(l order by place), jsonb_agg(leads -> (place - 1)::integer order by place) into lines, leads
      from unnest(lines) with ordinality as one (l, place) where l <> all (bad);
      if lines is not null then
        return query select * from private.write_leads(work_table, workspace_id, lines, leads);
      end if;
      return;
    end if;
    return query select * from private.write_leads(work_table, workspace_id, lines[:half],
      (select jsonb_agg(one order by place) from jsonb_array_elements(leads) with ordinality as e (one, place)
        where place <= half));
    return query select * from private.write_leads(work_table, workspace_id, lines[half + 1:],
      (select jsonb_agg(one order by place) from jsonb_array_elements(leads) with ordinality as e (one, place)
        where place > half));
    return;
  end if;
  line := lines[1];
  result := 'refused';
  lead_id := null;
  if code = 'invalid_value' and field is null then
    foreach field in array named loop
      begin
        execute format('select to_jsonb(jsonb_populate_record(null::%s, $1))', work_table)
        using jsonb_build_object(field, leads -> 0 -> field);
      exception when data_exception or check_violation then
        message := 'The value does not fit the column.';
        exit;
      end;
    end loop;
  end if;
  return next;
end;
$$;
comment on function private.write_leads(regclass, uuid, integer[], jsonb) is
  'Upserts leads that name the same columns; an existing parcel''s row is changed only where it differs. lines: their '
  'numbers in the report. Each is inserted, updated, unchanged, or refused with code (invalid_value, forbidden) and '
  'field.';

create function private.import_leads(prefix text, workspace_id uuid, leads jsonb, on_error text default 'reject')
returns table (line integer, result text, lead_id uuid, code text, field text, message text)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  work_table regclass;
  report jsonb;
begin
  -- Check rights first: reading ten thousand rows takes a minute, even for a caller who may write none.
  if not private.is_service() and import_leads.workspace_id <> all (private.workspace_ids('admin')) then
    perform private.raise_error('forbidden', 'Only an admin of the workspace may do this.', 403);
  end if;
  work_table := private.business_table(import_leads.workspace_id, prefix, 'leads');
  perform private.begin_long_work(import_leads.workspace_id);
  if jsonb_typeof(leads) is distinct from 'array' or jsonb_array_length(leads) not between 1 and 10000 then
    perform private.raise_error('invalid_items', 'Leads are an array of 1 to 10,000 rows.', 422);
  end if;
  if on_error not in ('reject', 'skip', 'check') then
    perform private.raise_error('invalid_parameter', 'on_error: must be reject, skip or check', 400);
  end if;
  begin
    with judged as (
      select r.line, r.fields, r.code, r.field, r.message,
        array(select k from jsonb_object_keys(r.fields) as k order by k) as named
      from private.read_leads(work_table, leads) as r
    ), bundles as materialized (
      select array_agg(b.line order by b.line) as lines, jsonb_agg(b.fields order by b.line) as leads
      from (select j.*, row_number() over (partition by j.named order by j.line) as place from judged as j
        where j.code is null) as b
      group by b.named, (b.place - 1) / 500
    ), told as (
      select w.* from bundles as b cross
      join lateral private.write_leads(work_table, import_leads.workspace_id, b.lines, b.leads) as w
      union all
      select j.line, 'refused', null, j.code, j.field, j.message from judged as j where j.code is not null
    )
    select jsonb_agg(to_jsonb(t)) into report from told as t;
    if on_error = 'check' or on_error = 'reject' and jsonb_path_exists(report, '$[*] ? (@.result == "refused")') then
      raise exception using errcode = 'UNDO0';
    end if;
  exception when sqlstate 'UNDO0' then
    -- Good rows of a rejected file.
    report := (select jsonb_agg(case when r ->> 'result' = 'refused' then r
      else r || '{"result": "not_imported", "lead_id": null}' end)
      from jsonb_array_elements(report) as r);
  end;
  return query
    select (r ->> 'line')::integer, r ->> 'result', (r ->> 'lead_id')::uuid, r ->> 'code', r ->> 'field',
      r ->> 'message'
    from jsonb_array_elements(report) as r order by (r ->> 'line')::integer;
end;
$$;
comment on function private.import_leads(text, uuid, jsonb, text) is
  'Imports 1 to 10,000 leads into a workspace''s business, as the caller. leads: an array of objects with the columns '
  'of leads; text is converted to the column''s type. A row is identified by state, county and parcel. on_error: '
  'reject (one bad row, and nothing is imported), skip (the good rows are imported) or check (nothing is written). For '
  'each row (line from 1): inserted, updated, unchanged, not_imported (good, in a rejected import) or refused with '
  'code (invalid_row, unknown_column, missing_value, invalid_value, duplicate_row, forbidden), field and message. '
  'Errors: forbidden 403, unknown_business 404, invalid_items 422, invalid_parameter 400.';

create function private.import_leads_as(person uuid, prefix text, workspace_id uuid, leads jsonb, on_error text)
returns table (line integer, result text, lead_id uuid, code text, field text, message text)
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.act_as(person);
  perform set_config('role', 'authenticated', true);
  return query select * from private.import_leads($2, $3, $4, $5);
  perform set_config('role', 'none', true);
end;
$$;
comment on function private.import_leads_as(uuid, text, uuid, jsonb, text) is
  'import_leads as a person whose token the caller has verified: with their policies and grants, and in their name. '
  'Granted to no role.';

create function public.import_leads(prefix text, workspace_id uuid, leads jsonb, on_error text default 'reject')
returns table (line integer, result text, lead_id uuid, code text, field text, message text)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  -- The Data API truncates an answer at max_rows, and a truncated report would look complete.
  if jsonb_typeof($3) = 'array' and jsonb_array_length($3) > 1000 then
    perform private.raise_error('invalid_items', 'Leads are an array of 1 to 1,000 rows here.', 422,
      'POST /functions/v1/leads/import takes 10,000, and a row of lead_imports a file of 100,000.');
  end if;
  return query select * from private.import_leads($1, $2, $3, $4);
end;
$$;
comment on function public.import_leads(text, uuid, jsonb, text) is
  'Imports 1 to 1,000 leads (the Data API''s row limit) into a workspace''s business, as the caller. leads: an array '
  'of objects with the columns of leads; text is converted to the column''s type. A row is identified by state, county '
  'and parcel. on_error: reject (one bad row, and nothing is imported), skip (the good rows are imported) or check '
  '(nothing is written). For each row (line from 1): inserted, updated, unchanged, not_imported (good, in a rejected '
  'import) or refused with code (invalid_row, unknown_column, missing_value, invalid_value, duplicate_row, forbidden), '
  'field and message. Errors: forbidden 403, unknown_business 404, invalid_items 422, invalid_parameter 400.';
grant execute on function private.business_table(uuid, text, text), private.read_lead(jsonb),
  private.write_leads(regclass, uuid, integer[], jsonb),
  private.judge_leads(regclass, integer[], jsonb), private.read_leads(regclass, jsonb), private.fits_array(jsonb, oid),
  private.import_leads(text, uuid, jsonb, text), public.import_leads(text, uuid, jsonb, text)
    to authenticated, service_role;
