-- Limits of what else people add: folders, links, memories, prompts, settings, queued work, teams, budgets.
--
-- Touches: triggers on the tables below. A test fails when a table that people may fill has no bound.
-- Beware:  What only waits at once, or at most so many in a place, is bounded over time here too: a person who asks and
--          cancels, or makes and removes, leaves rows. The service is not counted where the bound is a person's.

do $$
begin
  perform private.add_limit('folders_a_day', 'person', 'day', 'folders', 'Folders that a person makes.', 1000, 5000,
    20000);
  perform private.add_limit('artifact_links_a_day', 'person', 'day', 'links', 'Links of artifacts that a person makes.',
    5000, 20000, 100000);
  perform private.add_limit('share_links_a_day', 'person', 'day', 'links',
    'Links to conversations that a person makes.', 200, 1000, 5000);
  perform private.add_limit('background_queries_a_day', 'person', 'day', 'queries',
    'Background queries that a person asks.', 5000, 20000, 100000);
  perform private.add_limit('memories_a_day', 'person', 'day', 'statements', 'Statements that a person has remembered.',
    5000, 20000, 100000);
  perform private.add_limit('prompts_a_day', 'person', 'day', 'prompts', 'Prompts that a person has assembled.', 10000,
    50000, 200000);
  perform private.add_limit('settings_a_day', 'person', 'day', 'settings', 'Settings that a person adds.', 1000, 5000,
    20000);
  perform private.add_limit('work_items_a_day', 'person', 'day', 'items',
    'Articles, posts and code tasks that a person adds.', 1000, 5000, 20000);
  perform private.add_limit('do_not_call_numbers_a_day', 'person', 'day', 'numbers',
    'Numbers that a person adds to the do-not-call list.', 100000, 500000, 2000000);
  perform private.add_limit('teams', 'workspace', 'total', 'teams', 'Teams of agents.', 100, 1000, 10000);
  perform private.add_limit('budgets', 'workspace', 'total', 'budgets', 'Budgets.', 500, 5000, 50000);
  perform private.add_limit('import_headings', 'workspace', 'total', 'headings',
    'Headings of lead files with a meaning of their own.', 1000, 5000, 20000);
end;
$$;

create trigger count_acts after insert on public.folders referencing new table as new_rows
  for each statement execute function private.count_acts('folders_a_day', 'day');
create trigger count_acts after insert on public.artifact_links referencing new table as new_rows
  for each statement execute function private.count_acts('artifact_links_a_day', 'day');
create trigger count_acts after insert on public.share_links referencing new table as new_rows
  for each statement execute function private.count_acts('share_links_a_day', 'day');
create trigger count_acts after insert on public.background_queries referencing new table as new_rows
  for each statement execute function private.count_acts('background_queries_a_day', 'day');
create trigger count_acts after insert on public.memory_sources referencing new table as new_rows
  for each statement execute function private.count_acts('memories_a_day', 'day');
create trigger count_acts after insert on public.context_records referencing new table as new_rows
  for each statement execute function private.count_acts('prompts_a_day', 'day');
create trigger count_acts after insert on public.app_settings referencing new table as new_rows
  for each statement execute function private.count_acts('settings_a_day', 'day');
create trigger count_acts after insert on public.build_content_queue referencing new table as new_rows
  for each statement execute function private.count_acts('work_items_a_day', 'day');
create trigger count_acts after insert on public.content_queue referencing new table as new_rows
  for each statement execute function private.count_acts('work_items_a_day', 'day');
create trigger count_acts after insert on public.code_task_queue referencing new table as new_rows
  for each statement execute function private.count_acts('work_items_a_day', 'day');
create trigger count_acts after insert on public.do_not_call_numbers referencing new table as new_rows
  for each statement execute function private.count_acts('do_not_call_numbers_a_day', 'day');

create trigger count_added after insert on public.ai_teams referencing new table as new_rows
  for each statement execute function private.count_rows('teams');
create trigger count_removed after delete on public.ai_teams referencing old table as old_rows
  for each statement execute function private.count_rows('teams');
create trigger count_added after insert on public.budgets referencing new table as new_rows
  for each statement execute function private.count_rows('budgets');
create trigger count_removed after delete on public.budgets referencing old table as old_rows
  for each statement execute function private.count_rows('budgets');
create trigger count_added after insert on public.import_headings referencing new table as new_rows
  for each statement execute function private.count_rows('import_headings');
create trigger count_removed after delete on public.import_headings referencing old table as old_rows
  for each statement execute function private.count_rows('import_headings');
