-- Code tasks: what a coding agent is to do in a repository, what came of it, and what that cost.
--
-- Touches: public.code_task_queue, a work table and a template of a business's own.
-- Beware:  a prompt is an instruction to an agent that can write code: admins and the service give it, nobody else.
--          What it cost stands here; a worker that bills for it calls record_usage, with the task as its request id.

create table public.code_task_queue (
  like private.work_item including all,
  prompt text not null,
  repository private.short_text not null,
  branch private.short_text,
  result jsonb,
  cost_minor bigint,
  currency text,
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint prompt_is_not_empty_nor_endless check (length(prompt) between 1 and 100000),
  constraint branch_is_a_branch_name check (branch ~ '^[^\s~^:?*\[\\-][^\s~^:?*\[\\]*$'
    and branch !~ '(\.\.|//|@\{|/$|\.lock$)'),
  constraint result_is_an_object_of_1_mib check (jsonb_typeof(result) = 'object' and length(result::text) <= 1048576),
  constraint cost_is_not_negative check (cost_minor >= 0),
  constraint cost_has_a_currency check ((cost_minor is null) = (currency is null)),
  constraint currency_is_three_letters check (currency ~ '^[A-Z]{3}$')
);
comment on table public.code_task_queue is
  'Tasks for coding agents: prompt, repository, result and cost. A work table.';
comment on column public.code_task_queue.prompt is 'What is to be done, in words.';
comment on column public.code_task_queue.repository is
  'Where: whatever the worker understands, e.g. acme/website or a URL.';
comment on column public.code_task_queue.branch is 'The branch to work on; null: the worker''s choice.';
comment on column public.code_task_queue.result is
  'What came of it: an object of the worker''s making, e.g. summary, commit, pull_request_url. Set when the task is '
  'completed.';
comment on column public.code_task_queue.cost_minor is 'What it cost, in the currency''s minor units (cents).';
create index code_task_queue_workspace on public.code_task_queue (workspace_id, created_at);
select private.register_work_queue('public.code_task_queue', 20, array['branch', 'result', 'cost_minor', 'currency']);

alter table public.code_task_queue enable row level security;
create policy "Members read the workspace's code tasks" on public.code_task_queue
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's code tasks" on public.code_task_queue is
  'Guests come for an agent, not for the business.';
create policy "Admins add code tasks" on public.code_task_queue
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add code tasks" on public.code_task_queue is
  'A prompt is carried out with the agent''s rights, not with those of who wrote it.';
create policy "Admins change code tasks that wait" on public.code_task_queue
  for update to authenticated
  using (status = 'pending' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change code tasks that wait" on public.code_task_queue is
  'A task that is being worked on is the worker''s; who is too late touches no row.';
grant select on public.code_task_queue to authenticated;
grant insert (workspace_id, priority, scheduled_for, max_attempts, prompt, repository, branch) on public.code_task_queue
  to authenticated;
grant update (priority, scheduled_for, prompt, repository, branch) on public.code_task_queue to authenticated;
-- delete is granted to the service alone; the outcome is the worker's to write.
grant select, insert, update, delete on public.code_task_queue to service_role;
