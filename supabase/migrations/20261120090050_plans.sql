-- Plans: the limits of each plan.
--
-- Touches: public.plans, private.limits (which limits exist), public.plan_limits (their values per plan).
-- Beware:  every bound is a row here and not a constant. An operator changes it with an update, for one plan
--          (plan_limits) or for one workspace (workspace_limits). docs/limits.md lists the limits; a test compares the
--          page with these rows.

create table public.plans (
  name text primary key,
  description text not null default '',
  created_at timestamptz not null default now(),
  constraint name_is_a_slug check (name ~ '^[a-z0-9](-?[a-z0-9])*$' and length(name) <= 40),
  constraint description_is_short check (length(description) <= 500)
);
comment on table public.plans is
  'The plans that a workspace can have. A custom plan is a row here plus its limits. A limit that a plan does not name '
  'has the value of `free`.';
alter table public.plans enable row level security;
grant select on public.plans to authenticated;
grant select, insert, update, delete on public.plans to service_role;
insert into public.plans (name, description) values
  ('free', 'To try it; also what holds where another plan says nothing.'),
  ('team', 'A team that works with it every day.'),
  ('business', 'A company of many teams.');

create table private.limits (
  name text primary key,
  subject text not null,
  period text not null,
  unit text not null,
  description text not null,
  constraint name_is_a_word check (name ~ '^[a-z][a-z0-9_]*$' and length(name) <= 60),
  constraint subject_is_known check (subject in ('workspace', 'person', 'document', 'artifact')),
  constraint period_is_known check (period in ('total', 'day', 'month', 'at_once'))
);
comment on table private.limits is
  'Every limit: its subject, period and unit. The chapter that enforces a limit adds its row.';
comment on column private.limits.subject is
  'Whose use is counted: a workspace''s, a person''s over all workspaces, or that of a single document or artifact.';
comment on column private.limits.period is
  'total: removing things frees it · day, month: it frees at the next UTC day or month · at_once: it frees when one of '
  'the running operations ends.';

create table public.plan_limits (
  plan text not null references public.plans (name) on delete cascade,
  name text not null references private.limits (name),
  value bigint,
  updated_at timestamptz not null default now(),
  primary key (plan, name),
  constraint name_is_short check (length(name) <= 60),
  constraint value_is_not_negative check (value >= 0),
  constraint free_has_a_bound check (plan <> 'free' or value is not null)
);
comment on table public.plan_limits is
  'The value of each limit in each plan. Only the service changes it. A change applies from the next statement on.';
comment on column public.plan_limits.value is 'In the limit''s unit; null: unlimited. Free limits everything.';
create index plan_limits_name on public.plan_limits (name);
create trigger touch_updated_at before update on public.plan_limits
  for each row execute function private.touch_updated_at();
alter table public.plan_limits enable row level security;
grant select on public.plan_limits to authenticated;
grant select, insert, update, delete on public.plan_limits to service_role;
-- The policies of both tables are in the chapter `limits`: they need to know the members of a workspace.

create function private.add_limit(name text, subject text, period text, unit text, description text, free bigint,
  team bigint, business bigint)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.limits (name, subject, period, unit, description) values ($1, $2, $3, $4, $5);
  insert into public.plan_limits (plan, name, value) values ('free', $1, $6), ('team', $1, $7), ('business', $1, $8);
$$;
comment on function private.add_limit(text, text, text, text, text, bigint, bigint, bigint) is
  'For chapters: adds a limit and its value in each seeded plan (null: unlimited).';
create function private.remove_limits(names text[])
returns void
language sql
volatile
set search_path = ''
as $$
  delete from public.plan_limits where name = any (names);
  delete from private.limits where name = any (names);
$$;
comment on function private.remove_limits(text[]) is
  'For rollbacks of chapters: removes from every plan what add_limit added.';
