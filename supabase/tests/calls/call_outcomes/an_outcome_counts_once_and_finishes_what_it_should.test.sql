begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(38);

select tests.add_lead('lead', '+15125550100');
create function pg_temp.lead(name text default 'lead') returns text language sql as $$
  select concat_ws(' ', status, contact_count, coalesce(next_action, '-'), case when do_not_call then 'never again' end)
  from public.leads where id = tests.id(name);
$$;
-- A call that was started for a new dial: its number.
create function pg_temp.start(lead text default 'lead', most integer default 5) returns bigint language plpgsql as $$
declare
  began bigint := tests.add_dial(lead, most => most);
begin
  update public.dial_queue as d set scheduled_for = now() + interval '1 day'
  where d.status = 'pending' and d.id <> began;
  perform tests.let_days_pass();
  perform tests.claim();
  perform tests.begin_call(began);
  return began;
end;
$$;
create temporary table d on commit drop as select pg_temp.start() as id;
create function pg_temp.id() returns bigint language sql as $$ select id from d $$;
create function pg_temp.next(lead text default 'lead', most integer default 5) returns void language sql as $$ update d
  set id = pg_temp.start(lead, most); $$;

-- Each outcome, and what follows.
select ok(tests.report(pg_temp.id(), 'c1', 'no_answer'), 'an outcome is recorded');
select is(tests.dial(pg_temp.id()), 'pending 1 not started no_answer', 'nobody answered: dialled again');
select is((select scheduled_for from public.dial_queue where id = pg_temp.id()), now() + interval '2 hours',
  'in two hours');
select is(pg_temp.lead(), 'contacting 1 -', 'and the lead is being contacted');
select ok(not tests.report(pg_temp.id(), 'c1', 'no_answer'), 'told again it is known');
select is(pg_temp.lead() || '; ' || tests.dial(pg_temp.id()), 'contacting 1 -; pending 1 not started no_answer',
  'and changes nothing');
select pg_temp.next();
select tests.report(pg_temp.id(), 'c2', 'voicemail');
select is((select scheduled_for from public.dial_queue where id = pg_temp.id()), now() + interval '1 day',
  'after a voicemail it is dialled a day later');
select pg_temp.next(most => 1);
select tests.report(pg_temp.id(), 'c3', 'voicemail');
select is(tests.dial(pg_temp.id()), 'done 1 not started voicemail', 'not after the last attempt');
select pg_temp.next();
select tests.report(pg_temp.id(), 'c4', 'failed', '{"ended_reason": "no line"}');
select is(tests.dial(pg_temp.id()) || '; ' || pg_temp.lead(), 'pending 1 not started failed: no line; contacting 3 -',
  'a call that failed is dialled again and does not count');
select pg_temp.next(most => 1);
select tests.report(pg_temp.id(), 'c5', 'failed', '{"ended_reason": "no line"}');
select is(tests.dial(pg_temp.id()), 'failed 1 not started failed: no line',
  'after the last attempt it is failed, with its cause');
select pg_temp.next();
select tests.report(pg_temp.id(), 'c6', 'callback', jsonb_build_object('callback_at', now() + interval '3 days'));
select is(tests.dial(pg_temp.id()) || '; ' || pg_temp.lead(), 'done 1 started c6; callback 4 call back',
  'who wants to be called back');
select results_eq(
  $$select phone, voice_agent_id, scheduled_for from public.dial_queue where dedupe_key like 'callback-%'$$,
  $$values ('+15125550100', tests.id('hr'), now() + interval '3 days')$$, 'is queued for then'
);
select pg_temp.next();
select tests.report(pg_temp.id(), 'c7', 'answered_interested',
  '{"transcript": "Yes.", "sentiment": "positive", "duration_seconds": 61}');
select is(tests.dial(pg_temp.id()) || '; ' || pg_temp.lead(), 'done 1 started c7; interested 5 follow up',
  'who is interested is followed up');
select pg_temp.next();
select tests.report(pg_temp.id(), 'c8', 'answered_not_interested',
  jsonb_build_object('ended_at', now() - interval '1 hour'));
select is(tests.dial(pg_temp.id()) || '; ' || pg_temp.lead(), 'done 1 started c8; interested 6 follow up',
  'a report of an earlier call counts and does not overrule the later');
select pg_temp.next();
select tests.report(pg_temp.id(), 'c9', 'wrong_number');
select is(pg_temp.lead(), 'wrong_number 7 -', 'a wrong number');
update public.leads set status = 'won';
select pg_temp.next();
select tests.report(pg_temp.id(), 'c10', 'answered_not_interested');
select is(pg_temp.lead(), 'won 8 -', 'what people decided is not undone by a call');
select is((select raw_payload from public.call_outcomes where provider_call_id = 'c10'), null, 'no payload, none kept');

-- Late and early.
select pg_temp.next();
select private.hold_call('dial_queue', claim_token, id, 'c11') from public.dial_queue where id = pg_temp.id();
select tests.end_lease(pg_temp.id());
select ok(tests.report(pg_temp.id(), 'c11', 'answered_interested'), 'an outcome after the lease ended');
select is(tests.dial(pg_temp.id()) || '; ' || pg_temp.lead(), 'done 1 started c11; won 9 follow up',
  'counts and finishes');
select pg_temp.next(most => 1);
select tests.end_lease(pg_temp.id());
update public.dial_queue set started_at = now() - interval '2 days' where id = pg_temp.id();
select tests.let_days_pass();
select count(*) from tests.claim();
select tests.end_lease(pg_temp.id());
select is(tests.dial(pg_temp.id()), 'failed 0 started nobody knows what became of the call: the lease of test ended',
  'one that was given up');
select tests.report(pg_temp.id(), 'c12', 'answered_interested');
select is(tests.dial(pg_temp.id()), 'done 0 started c12', 'is done when its outcome comes at last');
select pg_temp.next();
create temporary table first_call on commit drop as select call_key from public.dial_queue where id = pg_temp.id();
select tests.report(pg_temp.id(), 'c13', 'no_answer');
update public.dial_queue set scheduled_for = now() where id = pg_temp.id();
select tests.let_days_pass();
select count(*) from tests.claim();
select tests.begin_call(pg_temp.id());
select ok(tests.report(pg_temp.id(), 'c13b', 'voicemail',
  (select jsonb_build_object('call_key', call_key) from first_call)),
  'a second call under an old key (the provider dialled twice) counts');
select is(tests.dial(pg_temp.id()), 'in_progress 2 started no_answer', 'and leaves alone the dial that has moved on');
select ok(tests.report(pg_temp.id(), 'c14', 'answered_interested',
  (select jsonb_build_object('call_key', call_key) from public.dial_queue where id = pg_temp.id())),
  'the outcome of the new call');
select is(tests.dial(pg_temp.id()), 'done 2 started c14', 'finishes it');
select pg_temp.next();
select private.cancel_work('dial_queue', array[pg_temp.id()], 'no longer');
select tests.report(pg_temp.id(), 'c15', 'no_answer');
select is(tests.dial(pg_temp.id()), 'cancelled 1 started no longer', 'a cancelled dial stays cancelled');

-- Who reports what we do not know.
select is(tests.answer_of($$select tests.report(0, 'c16', 'no_answer')$$), '404 unknown_call', 'a dial that is not');
select is(tests.answer_of($$select private.record_call_outcome(null, null, 'nobody''s', '{"outcome": "no_answer"}')$$),
  '404 unknown_call', 'a call that is not');
select is(tests.answer_of($$select private.record_call_outcome('embedding_jobs', 1, 'c16',
  '{"outcome": "no_answer"}')$$), '404 unknown_call', 'a queue that is not one of calls');
select is(tests.answer_of(format($$select tests.report(%s, 'c17', 'sold')$$, pg_temp.id())), '23514',
  'an outcome that is not');
select pg_temp.next();
select private.hold_call('dial_queue', claim_token, id, 'c18') from public.dial_queue where id = pg_temp.id();
select is((select is_new from private.record_call_outcome(null, null, 'c18', '{"outcome": "answered_interested"}')),
  true, 'a call of ours that does not name its dial is found by its id');

-- An agent inserts what it knows, with the service's key.
select tests.add_lead('other', '+15125550111');
select tests.authenticate_as('service');
insert into public.call_outcomes (lead_id, outcome, transcript)
values (tests.id('other'), 'answered_interested', 'We talked.');
select is(tests.answer_of($$insert into public.call_outcomes (lead_id, outcome)
  values (tests.id('nobody'), 'no_answer')$$), '404 not_found', 'about a lead that exists');
select tests.authenticate_as('database');
select is(pg_temp.lead('other'), 'interested 1 follow up', 'with the same effects');
select is((select workspace_id from public.call_outcomes where lead_id = tests.id('other')), tests.id('north'),
  'in the lead''s workspace');

-- Never again.
select tests.add_lead('same number', '+15125550111');
create temporary table others on commit drop as select tests.add_dial('same number') as same,
  tests.add_dial('other') as own;
insert into public.call_outcomes (lead_id, outcome) values (tests.id('other'), 'do_not_call');
select is(pg_temp.lead('other'), 'do_not_call 2 - never again', 'who says so is flagged');
select results_eq($$select phone, source from public.do_not_call_numbers
  where workspace_id = tests.id('north')$$, $$values ('+15125550111', 'call')$$, 'the number is listed');
select is((select tests.dial(own) from others), 'cancelled 0 not started the number is on the do-not-call list',
  'the lead''s own dials are cancelled');
select is((select tests.dial(same) from others), 'cancelled 0 not started the number is on the do-not-call list',
  'and those of other leads with the number');

select * from finish();
rollback;
