begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(22);

select is(private.outcome_of_ending(reason, success, seconds), outcome, concat_ws(' ', reason, success, seconds))
from (values
  ('customer-ended-call', true, 60, 'answered_interested'),
  ('customer-ended-call', false, 60, 'answered_not_interested'),
  ('customer-ended-call', null, 60, 'unclear'),
  ('assistant-said-end-call-phrase', true, 60, 'answered_interested'),
  ('call.in-progress.sip-completed-call', null, 95, 'unclear'),
  ('call.in-progress.sip-completed-call', false, 95, 'answered_not_interested'),
  ('call.in-progress.error-sip-outbound-call-failed-to-connect', null, 0, 'failed'),
  ('call.in-progress.error-vapifault-openai-429-exceeded-quota', false, 40, 'unclear'),
  ('call.in-progress.error-vapifault-openai-429-exceeded-quota', false, 0, 'failed'),
  ('pipeline-error-openai-llm-failed', false, null, 'unclear'),
  ('worker-shutdown', null, 12, 'unclear'),
  ('customer-busy', null, null, 'no_answer'),
  ('customer-did-not-answer', null, null, 'no_answer'),
  ('voicemail', null, 20, 'voicemail'),
  ('twilio-reported-customer-misdialed', null, null, 'wrong_number'),
  ('twilio-failed-to-connect-call', null, null, 'failed'),
  ('something-that-was-added-yesterday', null, 30, 'unclear'),
  (null, true, 30, 'unclear')
) as one (reason, success, seconds, outcome);

-- 95 seconds of talk are not dialled again, and do not end the lead.
select tests.add_lead('lead', '+15125550100');
create temporary table d on commit drop as select tests.add_dial('lead') as id;
select count(*) from tests.claim();
select tests.begin_call(id) from d;
select is((select is_new from d cross join lateral private.record_call_outcome('dial_queue', id, 'call-1',
  '{"ended_reason": "call.in-progress.sip-completed-call", "duration_seconds": 95}')), true,
    'a report without an outcome is recorded');
select is((select outcome from public.call_outcomes where provider_call_id = 'call-1'), 'unclear', 'as unclear');
select is((select split_part(tests.dial(id), ' ', 1) from d), 'done', 'it is not dialled again');
select is((select status || ', ' || next_action from public.leads where id = tests.id('lead')),
  'contacting, review the call', 'and somebody looks at it');

select * from finish();
rollback;
