-- People in the assistant: where what was said, made and remembered names a person, and what becomes of it when the person is erased.
--
-- Touches: private.personal_columns.
-- Beware:  what is a person's own goes: their conversations with all in them, what they made, what is remembered of them. A shared document
--          stays the workspace's and forgets who wrote it.

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.folders', 'user_id', 'delete', true, 'workspace_id'),
  ('public.conversations', 'user_id', 'delete', true, 'workspace_id'),
  ('public.messages', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.streams', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.background_queries', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.context_records', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.votes', 'user_id', 'delete', true, 'workspace_id'),
  ('public.feedback_signals', 'user_id', 'delete', true, 'workspace_id'),
  ('public.artifacts', 'user_id', 'delete', true, 'workspace_id'),
  ('public.artifact_links', 'user_id', 'delete', true, 'workspace_id'),
  ('public.suggestions', 'user_id', 'delete', true, 'workspace_id'),
  ('public.memories', 'user_id', 'delete', true, 'workspace_id'),
  ('public.memories', 'superseded_by', 'with_row', false, 'workspace_id'), -- a memory, not a person
  ('public.memory_sources', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.documents', 'user_id', 'delete', true, 'workspace_id'),
  ('public.documents', 'created_by', 'null', false, 'workspace_id'),
  ('public.document_chunks', 'user_id', 'with_row', true, 'workspace_id');
