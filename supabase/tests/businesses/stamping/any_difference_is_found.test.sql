-- The comparison can fail: each row here changes a stamped table in one way, and is undone.
begin;
\ir ../../world.psql
\ir ../trial.psql

-- The parts that business_differences names after a statement, which is undone.
create function pg_temp.found_after(statement text) returns text language plpgsql as $$
declare
  found text;
begin
  execute statement;
  found := (select string_agg(distinct d.table_name || ' ' || d.part, ', ' order by d.table_name || ' ' || d.part)
    from private.business_differences('pn_') as d);
  raise exception using errcode = 'UNDO0', message = coalesce(found, 'nothing');
exception
  when sqlstate 'UNDO0' then return sqlerrm;
end;
$$;

create temporary table changes (statement text, found text) on commit drop;
insert into changes values
  ('select 1', 'nothing'),
  -- columns
  ('alter table public.pn_trial_leads add column extra integer', 'trial_leads column, trial_leads columns'),
  ('alter table public.pn_trial_leads drop column tags',
    'trial_leads column, trial_leads columns, trial_leads index, trial_leads index comment'),
  ('alter table public.pn_trial_leads rename column note to remark',
    'trial_leads check, trial_leads column, trial_leads columns, trial_leads compression, trial_leads grant, '
    'trial_leads key, trial_leads trigger'),
  ('alter table public.pn_trial_queue alter column seconds type bigint', 'trial_queue column'),
  ('alter table public.pn_trial_leads alter column score drop default', 'trial_leads column'),
  ('alter table public.pn_trial_leads alter column score set default 1', 'trial_leads column'),
  ('alter table public.pn_trial_leads alter column score drop not null', 'trial_leads column'),
  ('alter table public.pn_trial_notes alter column body type text collate "POSIX"', 'trial_notes column'),
  ('alter table public.pn_trial_leads alter column label drop expression', 'trial_leads column'),
  ('alter table public.pn_trial_leads alter column ordinal drop identity', 'trial_leads column'),
  ('alter table public.pn_trial_leads alter column ordinal set generated always', 'trial_leads column'),
  ('alter table public.pn_trial_leads alter column ordinal set increment by 6', 'trial_leads column'),
  ('alter table public.pn_trial_leads alter column raw set storage main', 'trial_leads storage'),
  ('alter table public.pn_trial_leads alter column note set compression default', 'trial_leads compression'),
  ('alter table public.pn_trial_leads alter column county set statistics 100', 'trial_leads statistics target'),
  ('alter table public.pn_trial_leads alter column county reset (n_distinct)', 'trial_leads column option'),
  -- constraints
  ('alter table public.pn_trial_leads drop constraint score_is_a_percentage',
    'trial_leads check, trial_leads constraint comment'),
  ('alter table public.pn_trial_leads drop constraint score_is_a_percentage, add constraint score_is_a_percentage '
    'check (score between 0 and 101)', 'trial_leads check, trial_leads constraint comment'),
  ('alter table public.pn_trial_leads add constraint more check (score <> 7)', 'trial_leads check'),
  ('alter table public.pn_trial_leads drop constraint pn_trial_leads_ordinal',
    'trial_leads index option, trial_leads key'),
  ('alter table public.pn_trial_leads drop constraint pn_trial_leads_once', 'trial_leads key'),
  ('alter table public.pn_trial_leads alter constraint trial_leads_parent deferrable', 'trial_leads foreign key'),
  ('alter table public.pn_trial_queue drop constraint trial_queue_workspace_id_lead_id_fkey',
    'trial_queue foreign key'),
  ('alter table public.pn_trial_queue drop constraint trial_queue_workspace_id_lead_id_fkey, add constraint '
    'trial_queue_workspace_id_lead_id_fkey foreign key (workspace_id, lead_id) references public.trial_leads '
    '(workspace_id, id) on delete cascade deferrable', 'trial_queue foreign key'),
  ('alter table public.pn_trial_queue drop constraint trial_queue_workspace_id_fkey, add constraint '
    'trial_queue_workspace_id_fkey foreign key (workspace_id) references public.workspaces (id) on delete restrict',
    'trial_queue foreign key'),
  ('alter table public.pn_trial_notes validate constraint trial_notes_lead_id_fkey', 'trial_notes foreign key'),
  -- indexes and statistics
  ('drop index public.pn_trial_leads_raw', 'trial_leads index'),
  ('create index pn_extra on public.pn_trial_leads (score)', 'trial_leads index'),
  ('drop index public.pn_trial_leads_tags; create index pn_trial_leads_tags on public.pn_trial_leads using gin (tags) '
    'with (fastupdate = off); comment on index public.pn_trial_leads_tags is ''For tags.''', 'trial_leads index'),
  ('alter index public.pn_trial_leads_tags rename to pn_else', 'trial_leads index, trial_leads index comment'),
  ('alter index public.pn_trial_leads_ordinal reset (fillfactor)', 'trial_leads index option'),
  ('drop statistics public.pn_trial_leads_counties', 'trial_leads statistics, trial_leads statistics comment'),
  -- row security and policies
  ('alter table public.pn_trial_leads disable row level security', 'trial_leads row security'),
  ('alter table public.pn_trial_leads no force row level security', 'trial_leads row security'),
  ('drop policy "The service sees all" on public.pn_trial_leads', 'trial_leads policy'),
  ('create policy "All" on public.pn_trial_notes using (true)', 'trial_notes policy'),
  ('alter policy "The service sees all" on public.pn_trial_leads using (name <> ''x'')', 'trial_leads policy'),
  ('alter policy "The service sees all" on public.pn_trial_leads with check (name <> ''x'')', 'trial_leads policy'),
  ('alter policy "The service sees all" on public.pn_trial_leads to anon', 'trial_leads policy'),
  ('alter policy "Members read work on leads that are theirs" on public.pn_trial_queue using (workspace_id = any '
    '((select private.workspace_ids(''member''))::uuid[]) and exists (
    select from public.trial_leads where trial_leads.id = pn_trial_queue.lead_id and trial_leads.workspace_id = '
      'pn_trial_queue.workspace_id)
    and not exists (select from public.pn_trial_leads as theirs join public.workspaces on workspaces.id = '
      'theirs.workspace_id
      where theirs.id = pn_trial_queue.lead_id and theirs.name = ''secret''))', 'trial_queue policy'),
  -- triggers and rules
  ('drop trigger mark on public.pn_trial_leads', 'trial_leads trigger, trial_leads trigger comment'),
  ('drop trigger keep_to_business on public.pn_trial_leads', 'trial_leads trigger'),
  ('create trigger more after update on public.pn_trial_leads execute function public.trial_count()',
    'trial_leads trigger'),
  ('create or replace trigger mark before insert or update of note, score on public.pn_trial_leads for each row '
    'execute function public.trial_mark(''it''''s'', ''second'')', 'trial_leads trigger'),
  ('alter table public.pn_trial_leads disable trigger touch_updated_at', 'trial_leads trigger state'),
  ('alter table public.pn_trial_leads enable trigger count_never', 'trial_leads trigger state'),
  ('drop rule nothing_moves_to_minus_one on public.pn_trial_notes', 'trial_notes rule'),
  -- grants
  ('revoke select on public.pn_trial_leads from authenticated', 'trial_leads grant'),
  ('grant delete on public.pn_trial_leads to authenticated', 'trial_leads grant'),
  ('grant select on public.pn_trial_notes to public', 'trial_notes grant'),
  ('revoke update (note) on public.pn_trial_leads from authenticated', 'trial_leads grant'),
  ('revoke grant option for update (score) on public.pn_trial_leads from authenticated', 'trial_leads grant'),
  -- comments
  ('comment on table public.pn_trial_leads is ''Else''', 'trial_leads table comment'),
  ('comment on column public.pn_trial_leads.county is null', 'trial_leads column comment'),
  ('comment on constraint score_is_a_percentage on public.pn_trial_leads is ''x''', 'trial_leads constraint comment'),
  ('comment on index public.pn_trial_leads_tags is ''x''', 'trial_leads index comment'),
  ('comment on policy "Members read the workspace''s trial leads" on public.pn_trial_leads is ''x''',
    'trial_leads policy comment'),
  ('comment on trigger mark on public.pn_trial_leads is ''x''', 'trial_leads trigger comment'),
  -- the rest
  ('alter table public.pn_trial_leads set (fillfactor = 70)', 'trial_leads options'),
  ('alter table public.pn_trial_leads reset (toast.autovacuum_enabled)', 'trial_leads options'),
  ('alter table public.pn_trial_notes replica identity default', 'trial_notes replica identity'),
  ('alter table public.pn_trial_leads set without cluster', 'trial_leads clustered'),
  ('alter table public.pn_trial_notes set logged', 'trial_notes table'),
  ('alter publication trial_publication drop table public.pn_trial_queue', 'trial_queue publication'),
  ('alter publication trial_publication set table public.trial_queue, public.pn_trial_queue, public.trial_leads (id, '
    'workspace_id, ordinal) where (id is not null), public.pn_trial_leads', 'trial_leads publication'),
  ('update private.work_queues set max_in_progress = 8 where name = ''pn_trial_queue''', 'trial_queue queue'),
  ('update private.work_queues set outcome_columns = ''{}'' where name = ''pn_trial_queue''', 'trial_queue queue'),
  ('update private.work_queues set kind = ''pn_trial_queue'' where name = ''pn_trial_queue''', 'trial_queue queue'),
  ('delete from private.work_queues where name = ''pn_trial_queue''', 'trial_queue queue'),
  ('drop function private.claim_pn_trial_queue(text, uuid, interval, integer, integer, uuid[], integer)',
    'trial_queue claim function'),
  ('grant execute on function private.claim_pn_trial_queue(text, uuid, interval, integer, integer, uuid[], integer) to '
    'authenticated', 'trial_queue claim function'),
  ('alter table public.trial_queue add column late text; select private.make_claim_function(q) from '
    'private.work_queues as q where q.name = ''trial_queue''; alter table public.pn_trial_queue add column late text',
    'trial_queue claim function'),
  ('drop table public.pn_trial_notes',
    'trial_notes check, trial_notes column, trial_notes columns, trial_notes foreign key, trial_notes index, '
    'trial_notes key, trial_notes policy, trial_notes replica identity, trial_notes row security, trial_notes rule, '
    'trial_notes table, trial_notes trigger');

select plan(1 + (select count(*)::integer from changes));
select is(tests.answer_of($$select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir')$$), 'ok',
  'a business is made');
select is(pg_temp.found_after(statement), found, statement) from changes;

select * from finish();
rollback;
