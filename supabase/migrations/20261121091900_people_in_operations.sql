-- People in operations: where the tables of work, content and businesses name a person, and what becomes of it when the person is erased.
--
-- Touches: private.personal_columns.
-- Beware:  stamped tables need no rows of their own: a declared column counts for every business.

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.agent_memory_history', 'changed_by', 'null', false, 'workspace_id'),
  ('private.business_exports', 'made_by', 'null', false, 'workspace_id');
