delete from private.personal_columns
where table_name in (
  'public.folders', 'public.conversations', 'public.messages', 'public.streams', 'public.background_queries', 'public.context_records',
  'public.votes', 'public.feedback_signals', 'public.artifacts', 'public.artifact_links', 'public.suggestions', 'public.memories',
  'public.memory_sources', 'public.documents', 'public.document_chunks'
);
