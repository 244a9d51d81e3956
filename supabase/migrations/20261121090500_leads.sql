-- Leads: properties whose owner may want to sell, a distress score, and the state of the pipeline.
--
-- Touches: private.state_code, private.lead_key (identity), public.leads, private.score_lead, private.appraise_lead.
-- Beware:  the table is a template (see businesses): its trigger functions know no table by name. Money is whole cents
--          of the owner's currency. Each of these queries in one workspace has its index (a test reads the plans):
--            by county     state = … and county = …                 best first     leads_by_county
--            by score      distress_score between … and …           best first     leads_by_score
--            by status     status = …                               best first     leads_by_status
--            by equity     estimated_equity_minor between … and …   largest first  leads_by_equity
--            by parcel     lead_key = private.lead_key(…)                          parcel_is_unique_in_its_county
--            what is due   next_action_at <= …                      oldest first   leads_by_next_action
--            by number     phones @> array['+1…']                                  leads_by_phone
--          The last is for the service: the operator is not leakproof, so under row-level security Postgres reads the
--          workspace's leads instead.

create function private.state_code(written text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  plain text := upper(btrim(regexp_replace(written, '[[:space:].]+', ' ', 'g')));
begin
  if length(replace(plain, ' ', '')) = 2 then
    return replace(plain, ' ', '');
  end if;
  return coalesce((
    select known.code from (values
      ('ALABAMA', 'AL'), ('ALASKA', 'AK'), ('ARIZONA', 'AZ'), ('ARKANSAS', 'AR'), ('CALIFORNIA', 'CA'),
      ('COLORADO', 'CO'), ('CONNECTICUT', 'CT'), ('DELAWARE', 'DE'), ('DISTRICT OF COLUMBIA', 'DC'),
      ('FLORIDA', 'FL'), ('GEORGIA', 'GA'), ('HAWAII', 'HI'), ('IDAHO', 'ID'), ('ILLINOIS', 'IL'),
      ('INDIANA', 'IN'), ('IOWA', 'IA'), ('KANSAS', 'KS'), ('KENTUCKY', 'KY'), ('LOUISIANA', 'LA'),
      ('MAINE', 'ME'), ('MARYLAND', 'MD'), ('MASSACHUSETTS', 'MA'), ('MICHIGAN', 'MI'), ('MINNESOTA', 'MN'),
      ('MISSISSIPPI', 'MS'), ('MISSOURI', 'MO'), ('MONTANA', 'MT'), ('NEBRASKA', 'NE'), ('NEVADA', 'NV'),
      ('NEW HAMPSHIRE', 'NH'), ('NEW JERSEY', 'NJ'), ('NEW MEXICO', 'NM'), ('NEW YORK', 'NY'),
      ('NORTH CAROLINA', 'NC'), ('NORTH DAKOTA', 'ND'), ('OHIO', 'OH'), ('OKLAHOMA', 'OK'), ('OREGON', 'OR'),
      ('PENNSYLVANIA', 'PA'), ('PUERTO RICO', 'PR'), ('RHODE ISLAND', 'RI'), ('SOUTH CAROLINA', 'SC'),
      ('SOUTH DAKOTA', 'SD'), ('TENNESSEE', 'TN'), ('TEXAS', 'TX'), ('UTAH', 'UT'), ('VERMONT', 'VT'),
      ('VIRGINIA', 'VA'), ('WASHINGTON', 'WA'), ('WEST VIRGINIA', 'WV'), ('WISCONSIN', 'WI'), ('WYOMING', 'WY')
    ) as known (name, code) where known.name = plain), upper(btrim(written)));
end;
$$;
comment on function private.state_code(text) is
  'A state''s two letters, from its name or letters in any case; other text is returned in capitals.';

create function private.lead_key(state text, county text, parcel text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  -- Digits are never joined across a separator: 1-23 and 12-3 are two parcels.
  plain text := btrim(regexp_replace(upper(parcel), '[^[:alnum:]]+', '-', 'g'), '-');
begin
  return private.state_code(state) || '/'
    || regexp_replace(btrim(regexp_replace(lower(county), '[^[:alnum:]]+', ' ', 'g')), '(.) (county|parish|borough)$',
      '\1')
    || '/' || case plain when '' then parcel else plain end;
end;
$$;
comment on function private.lead_key(text, text, text) is
  'The identity of a lead: state, county and parcel, normalized. It ignores case, spaces, punctuation marks and the '
  'word County after a county''s name. Null if one of the three is null.';
grant execute on function private.state_code(text), private.lead_key(text, text, text) to authenticated, service_role;

create table public.leads (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  -- The property
  address text constraint address_has_1_to_200_characters check (length(address) between 1 and 200),
  city text constraint city_has_1_to_200_characters check (length(city) between 1 and 200),
  county text constraint county_has_1_to_200_characters check (length(county) between 1 and 200),
  state text,
  zip text,
  parcel text constraint parcel_has_1_to_200_characters check (length(parcel) between 1 and 200),
  property_type text,
  year_built smallint,
  area_sqft integer,
  lot_sqft integer,
  bedrooms smallint,
  bathrooms numeric(4, 1),
  -- Distress
  distress_score smallint,
  distress_signals text[] not null default '{}',
  tax_delinquent_minor bigint,
  foreclosure_stage text not null default 'none',
  auction_date date,
  is_vacant boolean,
  code_violations smallint not null default 0,
  -- Equity
  estimated_value_minor bigint,
  mortgage_balance_minor bigint,
  estimated_equity_minor bigint,
  last_sale_minor bigint,
  last_sale_date date,
  -- The owner
  owner_name text constraint owner_name_has_1_to_200_characters check (length(owner_name) between 1 and 200),
  owner_kind text,
  mailing_address text,
  phones text[] not null default '{}',
  emails text[] not null default '{}',
  is_absentee boolean,
  do_not_call boolean not null default false,
  -- Where it came from
  source_name text constraint source_name_has_1_to_200_characters check (length(source_name) between 1 and 200),
  source_url text,
  scraped_at timestamptz,
  source_raw jsonb constraint source_raw_is_an_object_of_16_kib check (jsonb_typeof(source_raw) = 'object'
    and pg_column_size(source_raw) <= 16384),
  -- The pipeline
  status text not null default 'new',
  assigned_agent_id uuid,
  tags text[] not null default '{}',
  notes text,
  contact_count integer not null default 0,
  last_contacted_at timestamptz,
  next_action text constraint next_action_has_1_to_200_characters check (length(next_action) between 1 and 200),
  next_action_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Different spellings of one parcel are one lead. This is a column, because row-level security rules out an index on
  -- the function's result.
  lead_key text generated always as (private.lead_key(state, county, parcel)) stored,
  unique (workspace_id, id),
  constraint parcel_is_unique_in_its_county unique (workspace_id, lead_key),
  constraint lead_key_is_short check (length(lead_key) <= 1000),
  constraint assigned_agent_is_of_the_workspace foreign key (workspace_id, assigned_agent_id)
    references public.agents (workspace_id, id) on delete set null (assigned_agent_id),
  constraint state_is_two_letters check (state ~ '^[A-Z]{2}$'),
  constraint zip_is_five_or_nine_digits check (zip ~ '^[0-9]{5}(-[0-9]{4})?$'),
  constraint property_type_is_known check (property_type in
    ('single_family', 'multi_family', 'condo', 'townhouse', 'mobile_home', 'land', 'commercial', 'other')),
  constraint year_built_is_a_year check (year_built between 1600 and 2200),
  constraint area_is_positive check (area_sqft > 0),
  constraint lot_is_positive check (lot_sqft > 0),
  constraint bedrooms_are_countable check (bedrooms between 0 and 500),
  constraint bathrooms_are_countable check (bathrooms between 0 and 500),
  constraint distress_score_is_0_to_100 check (distress_score between 0 and 100),
  constraint distress_signals_are_few_words check (cardinality(distress_signals) <= 50
    and array_to_string(distress_signals, ',') ~ '^([a-z0-9_]{1,60}(,|$))*$'),
  constraint tax_delinquency_is_not_negative check (tax_delinquent_minor >= 0),
  constraint foreclosure_stage_is_known check (foreclosure_stage in
    ('none', 'notice_of_default', 'lis_pendens', 'auction_scheduled', 'bank_owned')),
  constraint code_violations_are_not_negative check (code_violations >= 0),
  constraint estimated_value_is_not_negative check (estimated_value_minor >= 0),
  constraint mortgage_balance_is_not_negative check (mortgage_balance_minor >= 0),
  constraint last_sale_is_not_negative check (last_sale_minor >= 0),
  constraint owner_kind_is_known check (owner_kind in ('person', 'company', 'trust', 'estate', 'bank', 'government',
    'other')),
  constraint mailing_address_is_short check (length(mailing_address) <= 500),
  constraint phones_are_few_numbers check (cardinality(phones) <= 20 and private.are_phone_numbers(phones)),
  constraint emails_are_few_addresses check (cardinality(emails) <= 20 and length(array_to_string(emails, ',')) <= 5000
    and array_to_string(emails, ',') ~ '^([^@,\s]+@[^@,\s]+(,|$))*$'),
  constraint source_url_is_a_url check (source_url ~ '^https?://\S+$' and length(source_url) <= 2000),
  constraint status_is_known check (status in
    ('new', 'contacting', 'interested', 'callback', 'not_interested', 'wrong_number', 'do_not_call', 'negotiating',
      'won', 'lost')),
  constraint tags_are_few_and_short check (cardinality(tags) <= 50 and length(array_to_string(tags, ',')) <= 2000),
  constraint notes_are_bounded check (length(notes) <= 20000),
  constraint contact_count_is_not_negative check (contact_count >= 0)
);
comment on table public.leads is
  'A property whose owner may want to sell: property, distress, equity, owner, source, pipeline. 47 columns, and '
  'lead_key, which is derived.';
comment on column public.leads.distress_score is
  '0…100: private.score_lead, updated by a trigger unless the caller gave another value. Write null to compute it '
  'again.';
comment on column public.leads.distress_signals is
  'Other signs of distress: probate, divorce, bankruptcy, inherited, fire_damage, ….';
comment on column public.leads.estimated_equity_minor is
  'Value minus mortgage, updated by a trigger unless the caller gave another value. Cents; may be negative.';
comment on column public.leads.phones is
  'E.164, with ;ext= for an extension. Calls use the first unless a dial names another.';
comment on column public.leads.do_not_call is 'The lead is never dialled again, even if a call is already queued.';
comment on column public.leads.contact_count is
  'Calls that reached the telephone network; updated by the outcomes of calls.';
create index leads_by_county on public.leads (workspace_id, state, county, distress_score desc, id);
create index leads_by_score on public.leads (workspace_id, distress_score desc, id);
create index leads_by_status on public.leads (workspace_id, status, distress_score desc, id);
create index leads_by_equity on public.leads (workspace_id, estimated_equity_minor desc, id);
create index leads_by_agent on public.leads (workspace_id, assigned_agent_id);
create index leads_by_next_action on public.leads (workspace_id, next_action_at, id) where next_action_at is not null;
create index leads_by_phone on public.leads using gin (phones);

alter table public.leads enable row level security;
create policy "Members read the workspace's leads" on public.leads
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's leads" on public.leads is
  'Guests use an agent; they do not see the people whom the business calls.';
create policy "Admins add leads" on public.leads
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add leads" on public.leads is 'Directly, or with import_leads, which runs as the admin.';
create policy "Admins change leads" on public.leads
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change leads" on public.leads is
  'Admins decide who is called, and who is never called again.';
grant select on public.leads to authenticated;
grant select, insert, update, delete on public.leads to service_role;
-- contact_count and last_contacted_at are not granted: only outcomes of calls write them. workspace_id has no update
-- grant: a lead stays in its workspace. Only the service has delete.
grant insert (workspace_id, address, city, county, state, zip, parcel, property_type, year_built, area_sqft, lot_sqft,
  bedrooms, bathrooms,
    distress_score, distress_signals, tax_delinquent_minor, foreclosure_stage, auction_date, is_vacant, code_violations,
    estimated_value_minor, mortgage_balance_minor, estimated_equity_minor, last_sale_minor, last_sale_date,
    owner_name, owner_kind, mailing_address, phones, emails, is_absentee, do_not_call,
    source_name, source_url, scraped_at, source_raw, status, assigned_agent_id, tags, notes, next_action,
    next_action_at),
  update (address, city, county, state, zip, parcel, property_type, year_built, area_sqft, lot_sqft, bedrooms,
    bathrooms,
    distress_score, distress_signals, tax_delinquent_minor, foreclosure_stage, auction_date, is_vacant, code_violations,
    estimated_value_minor, mortgage_balance_minor, estimated_equity_minor, last_sale_minor, last_sale_date,
    owner_name, owner_kind, mailing_address, phones, emails, is_absentee, do_not_call,
    source_name, source_url, scraped_at, source_raw, status, assigned_agent_id, tags, notes, next_action,
    next_action_at)
  on public.leads to authenticated;

create function private.score_lead(
  foreclosure_stage text, auction_date date, tax_delinquent_minor bigint, estimated_value_minor bigint,
    estimated_equity_minor bigint,
  is_vacant boolean, code_violations integer, distress_signals text[], today date
)
returns smallint
language sql
immutable
set search_path = ''
as $$
  select (
    -- foreclosure: up to 25
    case foreclosure_stage when 'auction_scheduled' then 25 when 'lis_pendens' then 18 when 'notice_of_default' then 15
      when 'bank_owned' then 8 else 0 end
    -- auction date: up to 15
    + case when auction_date < today or auction_date is null then 0 when auction_date <= today + 14 then 15
      when auction_date <= today + 30 then 10
        when auction_date <= today + 90 then 5 else 0 end
    -- taxes owed, relative to the property's value: up to 15
    + case when coalesce(tax_delinquent_minor, 0) = 0 then 0
      when tax_delinquent_minor * 100.0 >= estimated_value_minor * 3.0 then 15
        when tax_delinquent_minor * 100.0 >= estimated_value_minor then 10 else 5 end
    -- vacancy: 10; code violations: 2 each, up to 10; other signals: 5 each, up to 10
    + case when is_vacant then 10 else 0 end
    + least(coalesce(code_violations, 0) * 2, 10)
    + least((select count(distinct signal) from unnest(distress_signals) as signal) * 5, 10)
    -- equity: up to 15
    + case when estimated_value_minor is null or estimated_value_minor = 0 or estimated_equity_minor is null then 0
        when estimated_equity_minor * 2.0 >= estimated_value_minor then 15
          when estimated_equity_minor * 10.0 >= estimated_value_minor * 3.0 then 10
        when estimated_equity_minor * 10.0 >= estimated_value_minor then 5 else 0 end
  )::smallint;
$$;
comment on function private.score_lead(text, date, bigint, bigint, bigint, boolean, integer, text[], date) is
  'How strong the owner''s reasons to sell are, 0…100. The weights are our own: foreclosure 25 (auction scheduled 25, '
  'lis pendens 18, notice of default 15, bank owned 8), auction within 14, 30, 90 days 15, 10, 5, taxes owed of at '
  'least 3 % of the value 15, 1 % 10, less 5, vacancy 10, code violations 2 each up to 10, other signals 5 each up to '
  '10, equity of at least 50 % of the value 15, 30 % 10, 10 % 5. Deterministic.';

create function private.appraise_lead()
returns trigger
language plpgsql
volatile
security definer -- no writer of leads may call score_lead
set search_path = ''
as $$
declare
  today date := (now() at time zone 'UTC')::date;
  is_ours boolean := new.distress_score is null;
begin
  if tg_op = 'UPDATE' then
    if new.estimated_equity_minor is not distinct from old.estimated_equity_minor
      and old.estimated_equity_minor = old.estimated_value_minor - old.mortgage_balance_minor then
      new.estimated_equity_minor := null;
    end if;
    -- An old score was computed on the day when the row was last written.
    is_ours := is_ours or new.distress_score = old.distress_score and old.distress_score = private.score_lead(
      old.foreclosure_stage, old.auction_date, old.tax_delinquent_minor, old.estimated_value_minor,
      old.estimated_equity_minor,
      old.is_vacant, old.code_violations, old.distress_signals, (old.updated_at at time zone 'UTC')::date);
  end if;
  new.estimated_equity_minor := coalesce(new.estimated_equity_minor,
    new.estimated_value_minor - new.mortgage_balance_minor);
  if is_ours then
    new.distress_score := private.score_lead(
      new.foreclosure_stage, new.auction_date, new.tax_delinquent_minor, new.estimated_value_minor,
      new.estimated_equity_minor,
      new.is_vacant, new.code_violations, new.distress_signals, today);
  end if;
  return new;
end;
$$;
comment on function private.appraise_lead() is
  'Trigger of leads: computes equity and score if the caller gave none. A value that differs from the computed one '
  'counts as given, and stays until it is set to null.';

create trigger appraise_lead before insert or update on public.leads
  for each row execute function private.appraise_lead();
create trigger touch_updated_at before update on public.leads
  for each row execute function private.touch_updated_at();
-- Only the do-not-call flag is audited: who set it, and who cleared it.
create trigger audit_do_not_call after update on public.leads referencing old table as old_rows new table as new_rows
  for each statement execute function private.audit_changes('lead', 'id', 'do_not_call', 'workspace_id');
