-- Importing leads: many rows at once, a report for each, and nothing half done.
--
-- Touches: private.business_table, public.import_leads and its body, private.import_leads_as (for the function leads).
-- Beware:  it runs with its caller's rights: row-level security and the grants on columns decide, for each row. A row is known by state, county and
--          parcel; what a row does not say (absent, null, empty) stays as it is. An import sets do_not_call and never lifts it.

create function private.business_table(workspace_id uuid, prefix text, template text)
returns regclass
language plpgsql
stable
security definer -- whether a business exists is told to members by not_found alone
set search_path = ''
as $$
declare
  found_table regclass;
begin
  if prefix = '' or exists (select from public.businesses as b where b.workspace_id = $1 and b.prefix = $2) then
    found_table := to_regclass(format('public.%I', prefix || template));
  end if;
  if found_table is null then
    perform private.raise_error('unknown_business', 'The workspace has no such business.', 404, 'prefix is a business''s, e.g. pn_, or empty for the first.');
  end if;
  return found_table;
end;
$$;
comment on function private.business_table(uuid, text, text) is
  'The table of a workspace''s business: pn_leads for (…, pn_, leads). Errors: unknown_business 404.';

create function private.read_lead(work_table regclass, given jsonb, out fields jsonb, out code text, out field text, out message text)
language plpgsql
stable
set search_path = ''
as $$
declare
  settable constant text[] := array['address', 'city', 'county', 'state', 'zip', 'parcel', 'property_type', 'year_built', 'area_sqft', 'lot_sqft',
    'bedrooms', 'bathrooms', 'distress_score', 'distress_signals', 'tax_delinquent_minor', 'foreclosure_stage', 'auction_date', 'is_vacant',
    'code_violations', 'estimated_value_minor', 'mortgage_balance_minor', 'estimated_equity_minor', 'last_sale_minor', 'last_sale_date', 'owner_name',
    'owner_kind', 'mailing_address', 'phones', 'emails', 'is_absentee', 'do_not_call', 'source_name', 'source_url', 'scraped_at', 'source_raw', 'tags', 'notes'];
  lists constant text[] := array['distress_signals', 'phones', 'emails', 'tags'];
  value jsonb;
begin
  if jsonb_typeof(given) <> 'object' then
    code := 'invalid_row';
    message := case when jsonb_typeof(given) = 'string' then left(given #>> '{}', 200) else 'A row is an object.' end;
    return;
  end if;
  fields := '{}';
  for field, value in select key, case when jsonb_typeof(v) = 'string' then to_jsonb(trim(v #>> '{}')) else v end from jsonb_each(given) as e (key, v) loop
    continue when value = 'null' or value = '""';
    if field <> all (settable) then
      code := 'unknown_column';
      message := 'An import does not set this.';
      return;
    end if;
    if field = any (lists) and jsonb_typeof(value) = 'string' then
      value := to_jsonb(array(select trim(part) from regexp_split_to_table(value #>> '{}', '[;|,]') as part where trim(part) <> ''));
    end if;
    if field = 'phones' and jsonb_typeof(value) = 'array' then
      -- As people write them in the USA; elsewhere with + and the country's code.
      value := to_jsonb(array(
        select case when digits.written ~ '^\+' then '+' || digits.only when length(digits.only) = 10 then '+1' || digits.only
          when digits.only ~ '^1[0-9]{10}$' then '+' || digits.only else digits.written end
        from jsonb_array_elements_text(value) with ordinality as one (written, place)
        cross join lateral (select trim(one.written) as written, regexp_replace(one.written, '[^0-9]', '', 'g') as only) as digits order by one.place));
    end if;
    if field = 'state' then
      value := to_jsonb(upper(value #>> '{}'));
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
  -- All at once; one after the other only to find the one that does not fit.
  begin
    execute format('select jsonb_object_agg(k, to_jsonb(r) -> k) from jsonb_populate_record(null::%s, $1) as r cross join jsonb_object_keys($1) as k', work_table)
    into value using fields;
    fields := value;
  exception when data_exception or check_violation or datatype_mismatch then
    code := 'invalid_value';
    message := 'The value does not fit the column.';
    for field in select k from jsonb_object_keys(fields) as k loop
      begin
        execute format('select to_jsonb(jsonb_populate_record(null::%s, $1))', work_table) into value using jsonb_build_object(field, fields -> field);
      exception when data_exception or check_violation or datatype_mismatch then
        return;
      end;
    end loop;
  end;
end;
$$;
comment on function private.read_lead(regclass, jsonb) is
  'A row of an import as the table''s columns: texts trimmed, empty ones left out, lists also as text (split at ; | or ,), numbers of the USA as E.164. Or what is wrong with it: code and field. A text in place of a row says why it could not be read.';

create function private.write_lead(work_table regclass, workspace_id uuid, fields jsonb, out result text, out lead_id uuid)
language plpgsql
volatile
set search_path = ''
as $$
declare
  known jsonb;
  changed text[];
begin
  execute format(
    'insert into %1$s (workspace_id, %2$s) select $1, %2$s from jsonb_populate_record(null::%1$s, $2)
     on conflict (workspace_id, state, county, parcel) do nothing returning id',
    work_table, (select string_agg(quote_ident(k), ', ') from jsonb_object_keys(fields) as k)
  ) into lead_id using workspace_id, fields;
  if lead_id is not null then
    result := 'inserted';
    return;
  end if;
  execute format('select to_jsonb(l) from %s as l where l.workspace_id = $1 and l.state = $2 and l.county = $3 and l.parcel = $4 for update', work_table)
  into known using workspace_id, fields ->> 'state', fields ->> 'county', fields ->> 'parcel';
  if known is null then
    raise insufficient_privilege;
  end if;
  lead_id := known ->> 'id';
  if (known -> 'do_not_call')::boolean then
    fields := fields - 'do_not_call';
  end if;
  changed := array(select k from jsonb_object_keys(fields) as k where known -> k is distinct from fields -> k order by k);
  result := case when cardinality(changed) = 0 then 'unchanged' else 'updated' end;
  if result = 'updated' then
    execute format('update %1$s as l set %2$s from jsonb_populate_record(null::%1$s, $2) as r where l.id = $1', work_table,
      (select string_agg(format('%1$I = r.%1$I', k), ', ') from unnest(changed) as k)) using lead_id, fields;
  end if;
end;
$$;
comment on function private.write_lead(regclass, uuid, jsonb) is 'Inserts a lead, or changes what differs in the one of its parcel. result: inserted, updated or unchanged.';

create function private.import_leads(prefix text, workspace_id uuid, leads jsonb, on_error text default 'reject')
returns table (line integer, result text, lead_id uuid, code text, field text, message text)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  work_table regclass := private.business_table(import_leads.workspace_id, prefix, 'leads');
  report jsonb[] := '{}';
  refused integer := 0;
  given record;
  said record;
  broken_constraint text;
  broken_column text;
begin
  if jsonb_typeof(leads) is distinct from 'array' or jsonb_array_length(leads) not between 1 and 10000 then
    perform private.raise_error('invalid_items', 'Leads are an array of 1 to 10,000 rows.', 422);
  end if;
  if on_error not in ('reject', 'skip') then
    perform private.raise_error('invalid_parameter', 'on_error: must be reject or skip', 400);
  end if;
  begin
    for given in
      select one.place, one.value as row, first_value(one.place) over (
        partition by upper(trim(one.value ->> 'state')), trim(one.value ->> 'county'), trim(one.value ->> 'parcel') order by one.place) as first_place
      from jsonb_array_elements(leads) with ordinality as one (value, place) order by one.place
    loop
      line := given.place;
      result := 'refused';
      lead_id := null;
      select * into said from private.read_lead(work_table, given.row);
      code := said.code;
      field := said.field;
      message := said.message;
      if code is null and given.first_place < given.place then
        code := 'duplicate_row';
        field := 'parcel';
        message := 'The same parcel is in row ' || given.first_place || '.';
      end if;
      if code is null then
        begin
          select w.result, w.lead_id into result, lead_id from private.write_lead(work_table, import_leads.workspace_id, said.fields) as w;
        exception
          when check_violation or not_null_violation or foreign_key_violation or data_exception then
            get stacked diagnostics broken_constraint = constraint_name, broken_column = column_name;
            code := 'invalid_value';
            field := coalesce(nullif(broken_column, ''), (
              select a.attname from pg_catalog.pg_constraint as k join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
              where k.conrelid = work_table and k.conname = broken_constraint));
            message := replace(broken_constraint, '_', ' ');
          when insufficient_privilege then
            code := 'forbidden';
            message := 'Only an admin of the workspace may do this.';
        end;
      end if;
      refused := refused + (code is not null)::integer;
      report := report || jsonb_build_object('line', line, 'result', result, 'lead_id', lead_id, 'code', code, 'field', field, 'message', message);
    end loop;
    if refused > 0 and on_error = 'reject' then
      raise exception using errcode = 'UNDO0';
    end if;
  exception when sqlstate 'UNDO0' then
    -- Good rows of a bad file: they would have been written.
    report := array(select case when r ->> 'result' = 'refused' then r else r || '{"result": "not_imported", "lead_id": null}' end from unnest(report) as r);
  end;
  return query
    select (r ->> 'line')::integer, r ->> 'result', (r ->> 'lead_id')::uuid, r ->> 'code', r ->> 'field', r ->> 'message'
    from unnest(report) as r order by (r ->> 'line')::integer;
end;
$$;
comment on function private.import_leads(text, uuid, jsonb, text) is
  'Imports 1 to 10,000 leads into a workspace''s business, as the caller. leads: an array of objects with the columns of leads; text is read as the column''s type. A row is known by state, county and parcel. on_error: reject (one bad row, and nothing is imported) or skip (the good rows are). For each row (line from 1): inserted, updated, unchanged, not_imported (good, in a rejected import) or refused with code (invalid_row, unknown_column, missing_value, invalid_value, duplicate_row, forbidden), field and message. Errors: unknown_business 404, invalid_items 422, invalid_parameter 400.';

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
  'import_leads as a person whose token the caller has verified: under their policies and grants, and in their name. Granted to nobody.';

create function public.import_leads(prefix text, workspace_id uuid, leads jsonb, on_error text default 'reject')
returns table (line integer, result text, lead_id uuid, code text, field text, message text)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.import_leads($1, $2, $3, $4);
$$;
do $$
begin
  execute format('comment on function public.import_leads(text, uuid, jsonb, text) is %L',
    pg_catalog.obj_description('private.import_leads(text, uuid, jsonb, text)'::regprocedure));
end;
$$;
grant execute on function private.business_table(uuid, text, text), private.read_lead(regclass, jsonb), private.write_lead(regclass, uuid, jsonb),
  private.import_leads(text, uuid, jsonb, text), public.import_leads(text, uuid, jsonb, text) to authenticated, service_role;
