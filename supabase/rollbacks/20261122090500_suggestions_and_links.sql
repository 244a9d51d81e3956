-- Back from: suggestions and links.
delete from private.personal_columns
where table_name in ('public.artifact_links', 'public.artifacts', 'public.conversations', 'public.feedback_signals',
  'public.folders', 'public.messages', 'public.message_states', 'public.suggestions', 'public.votes');
drop view public.artifact_references;
drop trigger keep_links on public.artifacts;
drop table public.artifact_links;
drop function private.keep_links();
drop function public.reject_suggestion(uuid), public.accept_suggestion(uuid), private.settle_suggestion(uuid, boolean);
drop trigger mark_suggestions_stale on public.artifacts;
drop table public.suggestions;
drop function private.mark_suggestions_stale(), private.anchor_suggestion();
