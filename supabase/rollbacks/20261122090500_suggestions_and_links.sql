-- Back from: suggestions and links.
drop view public.artifact_references;
drop trigger keep_links on public.artifacts;
drop table public.artifact_links;
drop function private.keep_links();
drop function public.reject_suggestion(uuid), public.accept_suggestion(uuid), private.settle_suggestion(uuid, boolean);
drop trigger let_suggestions_go_stale on public.artifacts;
drop table public.suggestions;
drop function private.let_suggestions_go_stale(), private.anchor_suggestion();
