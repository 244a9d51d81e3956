-- Importing leads: many rows in one transaction, with a report for each row.
--
-- Touches: private.business_table, public.import_leads and its body (private.write_leads writes what
--          20261121090530_reading_leads.sql has read), private.import_leads_as (for the function leads).
-- Beware:  it runs with the caller's rights: row-level security and column grants apply to each row. Values that a row
--          leaves out (absent, null, empty) stay as they are. An import may set do_not_call, but never clears it.

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
    when sqlstate 'PGRST' then
      get stacked diagnostics message = message_text;
      judged := (message::jsonb ->> 'details')::jsonb;
      field := judged -> 'fields' ->> 0;
      if field is null then
        raise;
      end if;
      code := 'invalid_value';
      message := replace(coalesce(judged ->> 'rule', 'is missing'), '_', ' ');
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
      exception when data_exception then
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
grant execute on function private.business_table(uuid, text, text),
  private.write_leads(regclass, uuid, integer[], jsonb), private.import_leads(text, uuid, jsonb, text),
  public.import_leads(text, uuid, jsonb, text)
    to authenticated, service_role;
