-- Back from: votes and logs.
drop function private.log_preprocessing(public.messages, jsonb);
drop trigger log_is_of_the_conversation on public.messages;
drop function private.keep_log_of_conversation();
alter table public.messages drop constraint log_is_known;
drop index public.messages_preprocessing_log_id;
drop table public.postprocessing_results, public.preprocessing_logs, public.feedback_signals, public.votes;
