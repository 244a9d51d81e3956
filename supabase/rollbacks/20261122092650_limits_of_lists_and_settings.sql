-- Back from: limits of what else people add.
drop trigger count_removed on public.import_headings;
drop trigger count_added on public.import_headings;
drop trigger count_removed on public.budgets;
drop trigger count_added on public.budgets;
drop trigger count_removed on public.ai_teams;
drop trigger count_added on public.ai_teams;
drop trigger count_acts on public.do_not_call_numbers;
drop trigger count_acts on public.code_task_queue;
drop trigger count_acts on public.content_queue;
drop trigger count_acts on public.build_content_queue;
drop trigger count_acts on public.app_settings;
drop trigger count_acts on public.context_records;
drop trigger count_acts on public.memory_sources;
drop trigger count_acts on public.background_queries;
drop trigger count_acts on public.share_links;
drop trigger count_acts on public.artifact_links;
drop trigger count_acts on public.folders;
select private.remove_limits(array['folders_a_day', 'artifact_links_a_day', 'share_links_a_day',
  'background_queries_a_day', 'memories_a_day', 'prompts_a_day', 'settings_a_day', 'work_items_a_day',
  'do_not_call_numbers_a_day', 'teams', 'budgets', 'import_headings']);
