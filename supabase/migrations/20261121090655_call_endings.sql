-- Endings: maps the provider's reason for the end of a call to an outcome.
--
-- Touches: private.call_endings (the mapping), private.outcome_of_ending (the lookup).
-- Beware:  the provider knows some six hundred endings and adds new ones without notice. The longest matching prefix
--          decides; a test checks that each ending of the provider's own list matches one. An unknown ending says
--          nothing about the person: the call is unclear, which neither ends the lead nor dials it again.

create table private.call_endings (
  begins_with text primary key,
  means text not null,
  constraint meaning_is_known check (means in ('talked', 'no_answer', 'voicemail', 'not_connected', 'no_such_number',
    'cut_off'))
);
comment on table private.call_endings is
  'The meaning of a call''s ending, by prefix; the longest match decides. Source: the endings of VAPI''s API '
  '(CallEndedReason).';
comment on column private.call_endings.means is
  'talked: the call ended normally, and the conversation decides. no_answer, voicemail. not_connected: the phone did '
  'not ring. no_such_number. cut_off: a technical reason ended the call, perhaps during the conversation.';
-- No grants: only functions of `private` read it.

insert into private.call_endings (begins_with, means) values
  ('customer-ended-call', 'talked'),
  ('assistant-ended-call', 'talked'),
  ('assistant-said', 'talked'),
  ('assistant-forwarded-call', 'talked'),
  ('assistant-request-returned-forwarding-phone-number', 'talked'),
  ('call.in-progress.sip-completed-call', 'talked'),
  ('call.in-progress.twilio-completed-call', 'talked'),
  ('vonage-completed', 'talked'),
  ('vonage-disconnected', 'cut_off'),
  ('call.ending.hook-executed', 'talked'),
  ('call.ringing.hook-executed', 'talked'),
  ('call.forwarding', 'talked'),
  ('exceeded-max-duration', 'talked'),
  ('silence-timed-out', 'talked'),
  ('customer-did-not-answer', 'no_answer'),
  ('customer-busy', 'no_answer'),
  ('call.ringing.sip-inbound-caller-hungup', 'no_answer'),
  ('voicemail', 'voicemail'),
  ('twilio-reported-customer-misdialed', 'no_such_number'),
  ('twilio-failed-to-connect-call', 'not_connected'),
  ('vonage-failed-to-connect-call', 'not_connected'),
  ('vonage-rejected', 'not_connected'),
  ('call.start', 'not_connected'),
  ('call-start', 'not_connected'),
  ('call.ringing.error', 'not_connected'),
  ('call.in-progress.error-sip', 'not_connected'),
  ('call-deleted', 'not_connected'),
  ('scheduled-call-deleted', 'not_connected'),
  ('manually-canceled', 'not_connected'),
  ('phone-call-provider-bypass-enabled-but-no-call-received', 'not_connected'),
  ('customer-did-not-give-microphone-permission', 'not_connected'),
  ('assistant-not', 'not_connected'),
  ('assistant-join-timed-out', 'not_connected'),
  ('assistant-request', 'not_connected'),
  ('phone-call-provider-closed-websocket', 'cut_off'),
  ('worker-shutdown', 'cut_off'),
  ('call.in-progress.error', 'cut_off'),
  ('pipeline', 'cut_off');

create function private.outcome_of_ending(ended_reason text, is_success boolean, duration_seconds integer)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  means text := (
    select e.means from private.call_endings as e where starts_with($1, e.begins_with)
    order by length(e.begins_with) desc limit 1);
begin
  return case
    when means = 'no_such_number' then 'wrong_number'
    when means in ('no_answer', 'voicemail') then means
    when means = 'not_connected' then 'failed'
    -- Too short for a conversation.
    when means = 'cut_off' and duration_seconds = 0 then 'failed'
    when means = 'talked' and is_success is not null
      then case when is_success then 'answered_interested' else 'answered_not_interested' end
    else 'unclear'
  end;
end;
$$;
comment on function private.outcome_of_ending(text, boolean, integer) is
  'The outcome of a call whose agent did not report one: from the provider''s ending, its success rating, and the '
  'duration in seconds. unclear if these say nothing about the person.';
