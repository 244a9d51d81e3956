drop function private.record_call_outcome(text, bigint, text, jsonb);
drop table public.call_outcomes;
drop function private.apply_call_outcome();
drop function private.queue_callback(text, uuid, uuid, uuid, bigint, timestamptz);
drop function private.complete_call_outcome();
