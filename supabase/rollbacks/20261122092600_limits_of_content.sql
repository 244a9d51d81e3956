-- Back from: limits of what people add.
drop index public.background_queries_unfinished;
drop function private.limit_background_queries() cascade;
drop function private.limit_waiting() cascade;
drop policy "Owners of an artifact and authors remove suggestions" on public.suggestions;
revoke delete on public.suggestions from authenticated;
drop index public.suggestions_open;
drop function private.limit_suggestions() cascade;
drop function private.limit_chunks() cascade;
drop function private.count_document_characters() cascade;
drop trigger count_added on public.dial_queue;
drop trigger count_removed on public.leads;
drop trigger count_added on public.leads;
drop trigger count_removed on public.documents;
drop trigger count_added on public.documents;
drop trigger count_acts on public.erasure_requests;
drop trigger count_acts on public.analytics_events;
drop trigger count_acts on public.feedback_signals;
drop trigger count_acts on public.votes;
drop trigger count_acts on public.suggestions;
drop trigger count_acts on public.artifacts;
drop trigger count_acts on public.messages;
drop trigger count_acts on public.conversations;
select private.remove_limits(array[
  'conversations_a_day', 'artifacts_a_day', 'suggestions_a_day', 'suggestions_open', 'votes_a_day', 'signals_a_day',
  'analytics_events_a_day',
  'documents', 'document_characters', 'document_chunks', 'embedding_jobs_waiting', 'background_queries_waiting',
  'leads', 'dials_a_day', 'erasures_a_day',
  'messages_a_day', 'relays_at_once', 'streams_read_at_once']);
