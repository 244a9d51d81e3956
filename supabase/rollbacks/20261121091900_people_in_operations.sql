delete from private.personal_columns where (table_name, column_name) in
  (('public.agent_memory_history', 'changed_by'), ('private.business_exports', 'made_by'));
