-- The triggers and functions of leads and calls know no table by name. The tables of a second business are made here by
-- hand, as a stamp would.
begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(13);

insert into public.businesses (workspace_id, name, prefix, time_zone)
values (tests.id('north'), 'Petroleum', 'zz_', 'Europe/Berlin');
create table public.zz_leads (like public.leads including all);
create table public.zz_dial_queue (like public.dial_queue including all);
create table public.zz_call_outcomes (like public.call_outcomes including all);
grant select, insert, update, delete on public.zz_leads to service_role;
select private.register_work_queue('public.zz_dial_queue', 20, '{}', 'dial_queue');
do $$
declare
  definition text;
  template text;
begin
  foreach template in array array['leads', 'dial_queue', 'call_outcomes'] loop
    for definition in select pg_get_triggerdef(oid) from pg_catalog.pg_trigger
      where tgrelid = ('public.' || template)::regclass and not tgisinternal and tgname not like 'keep_work_lanes%'
    loop
      execute replace(definition, ' public.' || template, ' public.zz_' || template);
    end loop;
  end loop;
end;
$$;

select tests.add_lead('first', '+15125550100');
select tests.add_lead('second', '+15125550100', prefix => 'zz_');
create temporary table d on commit drop as select tests.add_dial('first') as one,
  tests.add_dial('second', prefix => 'zz_') as other, tests.add_dial('second', prefix => 'zz_') as third;
select is((select time_zones from public.zz_dial_queue limit 1), '{America/Chicago,America/Denver}',
  'its dials know where its leads are');
select results_eq('select id from tests.claim(''zz_dial_queue'')', 'select unnest(array[other, third]) from d',
  'its dials are claimed from its queue');
select is((select tests.begin_call(other, 'zz_dial_queue') from d), 'dial', 'begun');
select matches((select call_key from public.zz_dial_queue where started_at is not null), '^zz_dial_queue-',
  'under its own key');
select ok((select tests.report(other, 'call-1', 'no_answer', queue => 'zz_dial_queue') from d),
  'and its outcomes recorded');
select is((select tests.dial(other, 'zz_') from d), 'pending 1 not started no_answer', 'in its dial');
select is((select status || contact_count from public.zz_leads), 'contacting1', 'and its lead');
select is((select tests.dial(one) from d), 'pending 0 not started', 'not in the first''s');
select ok((select tests.report(one, 'call-1', 'do_not_call') from d), 'a call of the first business: never again');
select is((select tests.dial(other, 'zz_') || '; ' || tests.dial(third, 'zz_') from d),
  'cancelled 1 not started the number is on the do-not-call list; cancelled 1 not started the number is on the '
    'do-not-call list', 'closes the number in the second as well');
select is(tests.answer_of($$select tests.add_dial('second', prefix => 'zz_')$$), '409 do_not_call', 'for good');
select tests.authenticate_as('service');
select is((select result
  from public.import_leads('zz_', tests.id('north'), '[{"state": "TX", "county": "Hays", "parcel": "1"}]')), 'inserted',
  'it imports its own leads');
select is(tests.answer_of(format($$select public.import_leads('zz_', %L, '[{}]')$$, tests.id('south'))),
  '404 unknown_business', 'which another workspace cannot');

select * from finish();
rollback;
