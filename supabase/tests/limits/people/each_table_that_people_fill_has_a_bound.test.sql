-- A table that people may write into, by a grant or by a function, has a bound: a counter, a limit at once, or a reason
-- below why its rows cannot become many.
begin;
\ir ../../world.psql
\ir thrice.psql
\ir ../../conversations/talk.psql
\ir ../../conversations/things.psql
select plan(24);

create temporary table bounded_by_itself (table_name text, reason text) on commit drop;
insert into bounded_by_itself values
  ('agent_consents', 'one for each agent and member'),
  ('permissions', 'one for each agent and member'),
  ('ai_team_members', 'a thousand places in a team'),
  ('dial_rules', 'one for each state');
create temporary view unbounded as
select c.relname::text as table_name from pg_catalog.pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and has_any_column_privilege('authenticated', c.oid, 'insert')
  and c.relname not in (select table_name from bounded_by_itself)
  and not exists (
    select from pg_catalog.pg_trigger as t join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    where t.tgrelid = c.oid and t.tgtype & 4 > 0 and p.prosrc ~ 'private\.(count_against|refuse_over_limit)\(');
select is_empty('select * from unbounded', 'every table that people fill has a bound');
drop trigger count_acts on public.folders;
select is((select string_agg(table_name, ' ') from unbounded), 'folders', 'without its trigger a table is found');
create trigger count_acts after insert on public.folders referencing new table as new_rows
  for each statement execute function private.count_acts('folders_a_day', 'day');

-- A bound of two, and the third that is refused.
insert into public.workspace_limits (workspace_id, name, value)
  select tests.id('north'), l.name, 2 from private.limits as l
  where l.name in ('folders_a_day', 'artifact_links_a_day', 'share_links_a_day', 'background_queries_a_day',
    'memories_a_day', 'prompts_a_day', 'settings_a_day', 'work_items_a_day', 'do_not_call_numbers_a_day', 'teams',
    'budgets', 'import_headings');
update public.plan_limits set value = 2 where plan = 'free' and name = 'settings_a_day';
create temporary table fillings (name text, who text, statement text, refusal text) on commit drop;
insert into fillings values
  ('folders', 'guest', $$insert into public.folders (workspace_id, name, path)
    values (tests.id('north'), 'F', 'f$n')$$, '429'),
  ('links to conversations', 'member', $$select public.create_share_link(tests.id('north talk'))$$, '429'),
  ('queries that are cancelled at once', 'member', $$select public.cancel_background_query(
    public.ask_in_background(tests.id('north talk'), 'research'))$$, '429'),
  ('memories', 'guest', $$select public.remember(tests.id('north'), 'My number $n is lucky.')$$, '429'),
  ('prompts', 'member', $$select public.assemble_context(tests.id('north talk'))$$, '429'),
  ('settings of a person', 'newcomer', $$insert into public.app_settings (user_id, key, value)
    values (tests.id('newcomer'), 'a.b$n', '1')$$, '429'),
  ('settings of a workspace', 'admin', $$insert into public.app_settings (workspace_id, key, value)
    values (tests.id('north'), 'a.b$n', '1')$$, '429'),
  ('articles', 'admin', $$insert into public.build_content_queue (workspace_id, title, article)
    values (tests.id('north'), 'T$n', 'A')$$, '429'),
  ('numbers not to be called', 'admin', $$insert into public.do_not_call_numbers (workspace_id, phone)
    values (tests.id('north'), '+1512555010$n')$$, '429'),
  ('teams', 'admin', $$insert into public.ai_teams (workspace_id, name) values (tests.id('north'), 'T$n')$$, '403'),
  ('budgets', 'admin', $$insert into public.budgets (workspace_id, period, amount, currency)
    values (tests.id('north'), 'day', 5, 'AA' || chr(64 + $n))$$, '403'),
  ('headings', 'admin', $$insert into public.import_headings (workspace_id, heading, column_name)
    values (tests.id('north'), 'heading $n', 'county')$$, '403');
select is(tests.thrice(who, statement), format('ok ok %s limit_reached', refusal), name) from fillings;

-- Others go on, and so does the service.
select is(tests.thrice('admin', $$insert into public.folders (workspace_id, name, path)
  values (tests.id('north'), 'F', 'f$n')$$), 'ok ok 429 limit_reached', 'a colleague has a day of their own');
select is(tests.thrice('outsider', $$insert into public.folders (workspace_id, name, path)
  values (tests.id('south'), 'F', 'f$n')$$), 'ok ok ok', 'another workspace has its own bound');
select is(tests.thrice('member', $$insert into public.app_settings (user_id, key, value)
  values (tests.id('member'), 'a.b$n', '1')$$), 'ok ok 429 limit_reached', 'each person has settings of their own');
select is(tests.thrice('service', $$insert into public.do_not_call_numbers (workspace_id, phone)
  values (tests.id('north'), '+1512555020$n')$$), 'ok ok ok', 'the service writes down whoever must not be called');
select is(tests.thrice('service', $$insert into public.code_task_queue (workspace_id, prompt, repository)
  values (tests.id('north'), 'p$n', 'r')$$), 'ok ok ok', 'and queues work');
select is(tests.thrice('service', $$select public.remember(tests.id('north'), 'It rains on day $n.',
  user_id => tests.id('guest'))$$), 'ok ok ok', 'and remembers');

-- What is removed gives its place, where the whole is counted.
delete from public.ai_teams where workspace_id = tests.id('north') and name = 'T1';
select is(tests.thrice('admin', $$insert into public.ai_teams (workspace_id, name)
  values (tests.id('north'), 'U$n')$$), 'ok 403 limit_reached 403 limit_reached', 'a team that is gone');
delete from public.budgets where workspace_id = tests.id('north') and currency = 'AAA';
select is(tests.thrice('admin', $$insert into public.budgets (workspace_id, period, amount, currency)
  values (tests.id('north'), 'month', 5, 'AB' || chr(64 + $n))$$), 'ok 403 limit_reached 403 limit_reached',
  'a budget');
delete from public.import_headings where workspace_id = tests.id('north') and heading = 'heading 1';
select is(tests.thrice('admin', $$insert into public.import_headings (workspace_id, heading, column_name)
  values (tests.id('north'), 'other $n', 'county')$$), 'ok 403 limit_reached 403 limit_reached', 'a heading');
select is((select count(*)::integer from private.counters as counter join (values
    ('teams', (select count(*) from public.ai_teams where workspace_id = tests.id('north'))),
    ('budgets', (select count(*) from public.budgets where workspace_id = tests.id('north'))),
    ('import_headings', (select count(*) from public.import_headings where workspace_id = tests.id('north')))
  ) as kept (name, n) on kept.name = counter.name and kept.n = counter.used
  where counter.subject = tests.id('north')), 3, 'the counters say what there is');

select * from finish();
rollback;
