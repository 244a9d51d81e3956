-- Code tasks: tasks for coding agents in a repository, with their result and cost.
--
-- Touches: public.code_task_queue, a work table and a template for businesses.
-- Beware:  a prompt instructs an agent that can write code: only admins and the service may add one. The cost is
--          recorded here; a worker that bills for it calls record_usage with the task as its request id.

create table public.code_task_queue (
  like private.work_item including all,
  prompt text not null,
  repository text not null constraint repository_has_1_to_200_characters check (length(repository) between 1 and 200),
  branch text constraint branch_has_1_to_200_characters check (length(branch) between 1 and 200),
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
comment on column public.code_task_queue.prompt is 'The task, in words.';
comment on column public.code_task_queue.repository is
  'The repository, in a form that the worker understands, e.g. acme/website or a URL.';
comment on column public.code_task_queue.branch is 'The branch to work on; null: the worker chooses.';
comment on column public.code_task_queue.result is
  'The worker''s result: an object of its own design, e.g. summary, commit, pull_request_url. Set when the task is '
  'completed.';
comment on column public.code_task_queue.cost_minor is 'The cost, in the currency''s minor units (cents).';
create index code_task_queue_workspace on public.code_task_queue (workspace_id, created_at);
select private.register_work_queue('public.code_task_queue', 20, array['branch', 'result', 'cost_minor', 'currency']);

alter table public.code_task_queue enable row level security;
create policy "Members read the workspace's code tasks" on public.code_task_queue
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's code tasks" on public.code_task_queue is
  'Guests use an agent; they have no access to the business.';
create policy "Admins add code tasks" on public.code_task_queue
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add code tasks" on public.code_task_queue is
  'A prompt runs with the agent''s rights, not with its author''s.';
create policy "Admins change code tasks that wait" on public.code_task_queue
  for update to authenticated
  using (status = 'pending' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change code tasks that wait" on public.code_task_queue is
  'A task in progress belongs to its worker; a late update affects no row.';
grant select on public.code_task_queue to authenticated;
grant insert (workspace_id, priority, scheduled_for, max_attempts, prompt, repository, branch) on public.code_task_queue
  to authenticated;
grant update (priority, scheduled_for, prompt, repository, branch) on public.code_task_queue to authenticated;
-- Only the service has delete; only the worker writes the outcome.
grant select, insert, update, delete on public.code_task_queue to service_role;
