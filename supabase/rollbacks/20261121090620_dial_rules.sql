select cron.unschedule('forget-number-calls');
drop function private.forget_number_calls(interval);
drop function private.may_be_called_at(uuid, text, text, text);
drop table private.number_calls;
drop table public.voice_assistants;
drop table public.dial_rules;
