begin;
\ir ../../world.psql
select plan(11);

create function pg_temp.begin_import(name text, on_error text) returns void language plpgsql as $$
begin
  insert into public.lead_imports (id, workspace_id, user_id, path, on_error)
  values (tests.id(name), tests.id('north'), tests.id('admin'),
    concat_ws('/', tests.id('north'), tests.id('admin'), 'leads.csv'), on_error);
  perform private.start_lead_import(tests.id(name), '{"first_byte": 10}', '[]', 2);
end;
$$;
create function pg_temp.piece(name text, from_byte integer, to_byte integer, parcel text, is_last boolean) returns text
language sql as $$
  select private.import_lead_piece(tests.id(name), from_byte, to_byte,
    jsonb_build_array(jsonb_build_object('state', 'TX', 'county', 'Travis', 'parcel', parcel)), is_last);
$$;
create function pg_temp.told(name text) returns text language sql as $$
  select concat_ws(' ', status, rows_read, rows_taken, rows_refused) from public.lead_imports where id = tests.id(name);
$$;

select pg_temp.begin_import('skips', 'skip');
select is(pg_temp.piece('skips', 10, 20, 'A-1', false), 'importing', 'a piece is taken');
select is(pg_temp.piece('skips', 10, 20, 'A-1', false), 'importing', 'and may come again, as after a lost answer');
select is(pg_temp.told('skips'), 'importing 1 1 0', 'it counts once');
select is(pg_temp.piece('skips', 0, 10, 'A-0', false), 'importing', 'what is before it is no piece of it');
select is(pg_temp.told('skips'), 'importing 1 1 0', 'nor is it counted');
select is(pg_temp.piece('skips', 20, 30, ' a 1', true), 'reporting', 'the last, with the lead of an earlier one');
select is(pg_temp.told('skips'), 'reporting 2 1 1', 'which is not taken twice');
select matches(
  private.lead_import_report(tests.id('skips')), '\n2,refused,,duplicate_row,parcel,The same parcel is in row 1\.\r\n$',
  'the report says of which row it is one'
);
select private.finish_lead_import(tests.id('skips'), 'report.csv');
select is(pg_temp.told('skips'), 'done 2 1 1', 'and then it is done');
select is(pg_temp.piece('skips', 30, 40, 'A-3', true), 'done', 'after which nothing is taken');
select is(
  (select string_agg(parcel::text, ' ' order by parcel::text) from public.leads
    where workspace_id = tests.id('north') and parcel::text like 'A%'), 'A-1', 'in all of which one lead was made'
);
select * from finish();
rollback;
