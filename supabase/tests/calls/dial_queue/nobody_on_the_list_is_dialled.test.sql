begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(23);

select tests.add_lead('flagged', '+15125550100');
select tests.add_lead('listed', '+15125550101');
select tests.add_lead('free', '+15125550102');
select tests.add_lead('elsewhere', '+15125550101', 'south');
create temporary table dials on commit drop as
select tests.add_dial('flagged') as flagged, tests.add_dial('listed') as listed, tests.add_dial('free') as free,
  tests.add_dial('elsewhere', 'desk') as elsewhere;

-- When it is queued.
update public.leads set do_not_call = true where id = tests.id('flagged');
select is((select tests.dial(flagged) from dials), 'cancelled 0 not started the number is on the do-not-call list',
  'a flag lists the number, which cancels what was queued before');
select is(tests.answer_of($$select tests.add_dial('flagged')$$), '409 do_not_call', 'and refuses what comes later');
select tests.authenticate_as('admin');
insert into public.do_not_call_numbers (workspace_id, phone, reason)
values (tests.id('north'), '+15125550101', 'wrote a letter');
select tests.authenticate_as('database');
select is((select tests.dial(listed) from dials), 'cancelled 0 not started the number is on the do-not-call list',
  'a number on the list cancels what was queued before');
select is(tests.answer_of($$select tests.add_dial('listed')$$), '409 do_not_call', 'and refuses what comes later');
select is((select tests.dial(elsewhere) from dials), 'pending 0 not started', 'of this workspace: another may call');
select is((select tests.dial(free) from dials), 'pending 0 not started', 'and another number may be called');

-- An extension is behind the same line: written as people write it, it was dialled once.
select is(tests.answer_of(format('insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, phone, '
  'time_zone) values (%L, %L, %L, %L, ''America/Chicago'')', tests.id('north'), tests.id('free'), tests.id('hr'),
  written)), answer, written)
from (values ('+1 (512) 555-0101 x12', '409 do_not_call'), ('(512) 555-0101 ext. 2', '409 do_not_call'),
  ('512.555.0101 #3', '409 do_not_call'), ('+15125550101;ext=7', '409 do_not_call'),
  ('1 (512) 555-010', '422 invalid_phone')) as one (written, answer);

-- When it is claimed: the triggers are taken away, as if the flag had been set at the same time.
delete from public.do_not_call_numbers;
update public.leads set do_not_call = false;
truncate dials;
insert into dials select tests.add_dial('flagged'), tests.add_dial('listed'), tests.add_dial('free');
alter table public.leads disable trigger list_numbers_of_changed;
alter table public.do_not_call_numbers disable trigger cancel_forbidden_dials;
update public.leads set do_not_call = true where id = tests.id('flagged');
insert into public.do_not_call_numbers (workspace_id, phone) values (tests.id('north'), '+15125550101');
select results_eq('select id from tests.claim() where id in (select unnest(array[flagged, listed, free]) from dials)',
  'select free from dials', 'of three only the free one is claimed');
select is((select tests.dial(flagged) from dials), 'cancelled 1 not started the lead is not called any more',
  'the flagged one is cancelled, with its cause');
select is((select tests.dial(listed) from dials), 'cancelled 1 not started the number is on the do-not-call list',
  'and the listed one');

-- Right before the call.
update public.leads set do_not_call = true where id = tests.id('free');
select is((select tests.begin_call(free) from dials), 'cancel', 'a flag that was set after the claim is seen');
select is((select tests.dial(free) from dials), 'cancelled 1 not started the lead is not called any more',
  'and cancels');
select is((select tests.begin_call(free) from dials), 'lost', 'for good');
update public.leads set do_not_call = false;
delete from public.do_not_call_numbers;
truncate dials;
insert into dials select tests.add_dial('flagged'), tests.add_dial('listed'), tests.add_dial('free');
select count(*) from tests.claim();
insert into public.do_not_call_numbers (workspace_id, phone) values (tests.id('north'), '+15125550101');
select is((select tests.begin_call(listed) from dials), 'cancel', 'so is a number');
select is((select tests.begin_call(free) from dials), 'dial', 'another is dialled');

-- Cancelled while claimed, with the triggers in place; what was begun is awaited.
alter table public.leads enable trigger list_numbers_of_changed;
update public.leads set do_not_call = true;
select is((select tests.dial(flagged) from dials), 'cancelled 1 not started the lead is not called any more',
  'a flag cancels what is claimed');
select is((select tests.begin_call(flagged) from dials), 'lost', 'which is then not dialled');
select is((select tests.dial(free) from dials), 'in_progress 1 started', 'what the provider was asked for is awaited');

-- Agents.
select tests.add_lead('other', '+15125550107');
truncate dials;
insert into dials select tests.add_dial('other'), tests.add_dial('other', 'idle'), tests.add_dial('other', 'payroll'),
  tests.add_dial('other', 'relic');
insert into public.voice_assistants (workspace_id, agent_id, assistant_id)
select workspace_id, id, 'a' from public.agents where id in (tests.id('idle'), tests.id('relic'));
select count(*) from tests.claim();
select results_eq(
  $$select tests.dial(d) from dials cross join lateral unnest(array[flagged, listed, free, elsewhere]) as d$$,
  $$values ('in_progress 1 not started'), ('pending 0 not started the agent is not published'),
    ('cancelled 1 not started the agent has no voice: voice_assistants'),
      ('cancelled 1 not started the agent is archived')$$,
  'only a published agent with a voice calls; a paused one will, when it is back'
);

select * from finish();
rollback;
