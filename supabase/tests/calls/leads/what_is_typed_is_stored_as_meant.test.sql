-- Whatever a person types into a field of a lead, a dial or the do-not-call list is stored as it is meant, or refused
-- by a code that names it; and no refusal shows a row.
begin;
\ir ../../world.psql
\ir ../dialling.psql
select tests.add_lead('lead', '+15125550100');

create temporary table typed (place integer generated always as identity, field text, written text, answer text)
  on commit drop;
insert into typed (field, written, answer) values
  ('leads.phones', '{"(512) 555-0101"}', '{+15125550101}'),
  ('leads.phones', '{"512.555.0101 x12",tel:+1-512-555-0102}', '{+15125550101;ext=12,+15125550102}'),
  ('leads.phones', '{"５１２－５５５－０１０１"}', '{+15125550101}'),
  ('leads.phones', '{+442079460958}', '{+442079460958}'),
  ('leads.phones', '{}', '{}'),
  ('leads.phones', '{"1 (512) 555-010"}', '422 invalid_phone phones'),
  ('leads.phones', '{+15125550101,"call me"}', '422 invalid_phone phones'),
  ('leads.phones', '{NULL}', '422 invalid_phone phones'),
  ('leads.phones', (select array_agg('+1512555' || n)::text from generate_series(1000, 1020) as n),
    '422 invalid_value phones phones_are_few_numbers'),
  ('leads.state', 'texas', 'TX'), ('leads.state', ' t.x. ', 'TX'), ('leads.state', 'North  Carolina', 'NC'),
  ('leads.state', 'Texass', '422 invalid_value state state_is_two_letters'),
  ('leads.zip', ' 78701 ', '78701'), ('leads.zip', '78701-1234', '78701-1234'),
  ('leads.zip', '7870', '422 invalid_value zip zip_is_five_or_nine_digits'),
  ('leads.emails', '{" ada@example.com "}', '{ada@example.com}'),
  ('leads.emails', '{"no address"}', '422 invalid_value emails emails_are_few_addresses'),
  ('leads.owner_name', 'O''Hara "Kim" \ Ünï 👍', 'O''Hara "Kim" \ Ünï 👍'),
  ('leads.owner_name', repeat('x', 100000), '422 invalid_value owner_name owner_name_has_1_to_200_characters'),
  ('leads.notes', E'two\nlines', E'two\nlines'),
  ('leads.notes', repeat('x', 20001), '422 invalid_value notes notes_are_bounded'),
  ('leads.mailing_address', repeat('x', 501), '422 invalid_value mailing_address mailing_address_is_short'),
  ('leads.status', 'maybe', '422 invalid_value status status_is_known'),
  ('leads.property_type', 'castle', '422 invalid_value property_type property_type_is_known'),
  ('leads.year_built', '3000', '422 invalid_value year_built year_built_is_a_year'),
  ('leads.area_sqft', '0', '422 invalid_value area_sqft area_is_positive'),
  ('leads.bedrooms', '-1', '422 invalid_value bedrooms bedrooms_are_countable'),
  ('leads.distress_score', '101', '422 invalid_value distress_score distress_score_is_0_to_100'),
  ('leads.distress_signals', '{"Not a word"}', '422 invalid_value distress_signals distress_signals_are_few_words'),
  ('leads.estimated_value_minor', '-1', '422 invalid_value estimated_value_minor estimated_value_is_not_negative'),
  ('leads.owner_kind', 'alien', '422 invalid_value owner_kind owner_kind_is_known'),
  ('leads.source_url', 'javascript:alert(1)', '422 invalid_value source_url source_url_is_a_url'),
  ('leads.tags', (select array_agg('t' || n)::text from generate_series(1, 51) as n),
    '422 invalid_value tags tags_are_few_and_short'),
  ('leads.tags', null, '422 missing_value tags'), ('leads.contact_count', '7', '42501'),
  ('dial_queue.phone', '', '422 invalid_value phone phone_is_a_number'),
  ('leads.phones', '{512-555-0100}', '{+15125550100}'),
  ('dial_queue.phone', '(512) 555-0101 ext. 2', '+15125550101;ext=2'), ('dial_queue.phone', '', '+15125550100'),
  ('dial_queue.phone', '1 (512) 555-010', '422 invalid_phone phone'),
  ('dial_queue.time_zone', 'EST', '422 unknown_time_zone time_zone'),
  ('dial_queue.call_days', '{8}', '422 invalid_value call_days window_has_days_of_the_week'),
  ('dial_queue.call_from', '23:00', '422 invalid_value call_from, call_until window_opens_before_it_closes'),
  ('dial_queue.priority', '101', '422 invalid_value priority priority_is_between_minus_100_and_100'),
  ('do_not_call_numbers.phone', '+1 (512) 555-0109 x12', '+15125550109'),
  ('do_not_call_numbers.phone', 'nobody', '422 invalid_phone phone'),
  ('do_not_call_numbers.reason', repeat('x', 501), '422 invalid_value reason reason_is_short');

-- As an admin writes it: what is stored, or the code with what it names. A row that is shown is told.
create function pg_temp.write(field text, written text) returns text language plpgsql as $$
declare
  of_table text := split_part(field, '.', 1);
  named text := split_part(field, '.', 2);
  stored text;
  said text;
  shown text;
  check_name text;
begin
  if of_table = 'leads' then
    execute format('update public.leads set %I = %L where id = %L returning %1$I::text', named, written,
      tests.id('lead')) into stored;
  elsif of_table = 'dial_queue' then
    execute format('insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, call_until, %I) '
      'values (%L, %L, %L, ''22:00'', %L) returning %1$I::text', named, tests.id('north'), tests.id('lead'),
      tests.id('hr'), written) into stored;
  else
    execute format('insert into public.do_not_call_numbers (workspace_id, phone, reason) values (%L, %L, %L) '
      'returning %I::text', tests.id('north'), case named when 'phone' then written else '+15125550108' end,
      case named when 'reason' then written else 'asked' end, named) into stored;
  end if;
  return stored;
exception when others then
  get stacked diagnostics said = message_text, shown = pg_exception_detail, check_name = constraint_name;
  if sqlstate = 'PGRST' then
    return concat_ws(' ', shown::jsonb ->> 'status', said::jsonb ->> 'code',
      split_part(said::jsonb ->> 'message', ':', 1), (said::jsonb ->> 'details')::jsonb ->> 'rule');
  end if;
  return concat_ws(' ', sqlstate, nullif(check_name, ''), nullif(shown, ''));
end;
$$;
grant execute on function pg_temp.write(text, text) to public;
grant select on typed to public;
select plan((select count(*)::integer from typed));
do $$ begin perform tests.authenticate_as('admin'); end; $$;
select is(pg_temp.write(field, written), answer, left(field || ': ' || written, 80)) from typed order by place;

select * from finish();
rollback;
