select cron.unschedule('dispatch-calls');
drop function private.dispatch_due_calls();
drop function private.return_call(text, uuid, bigint, timestamptz, text, boolean);
drop function private.fail_call(text, uuid, bigint, text, boolean, interval, boolean);
drop function private.hold_call(text, uuid, bigint, text, interval);
drop function private.begin_call(text, uuid, bigint, interval);
drop function private.claim_calls(text, text, integer, interval);
drop function private.judge_dial(text, bigint);
drop function private.dial_prefix(text);
