-- Exporting and erasing read the person's own share. What tables hold of others must not be read, whoever wrote it, not
-- even in the person's own workspace: the two logs, calls to functions, events, messages.
begin;
\ir ../../world.psql
select plan(8);

-- So that a plan without an index shows, on tables that are small here.
set local enable_seqscan = off;

-- The rows that a statement reads: of the logs by scans of whole tables, and of all tables. What Auth, Storage and
-- pg_net keep is theirs to index, and the scratchpad is short.
create function tests.rows_read(statement text, out scanned bigint, out fetched bigint) language plpgsql as $$
declare
  before record;
begin
  select * into before from tests.rows_so_far();
  execute statement;
  select after.scanned - before.scanned, after.fetched - before.fetched into scanned, fetched
  from tests.rows_so_far() as after;
end;
$$;
create function tests.rows_so_far(out scanned bigint, out fetched bigint) language sql as $$
  select coalesce(sum(s.seq_tup_read) filter (where s.relname ~ '^(audit_log|billing_events|analytics_events)_'), 0),
    coalesce(sum(coalesce(s.seq_tup_read, 0) + coalesce(s.idx_tup_fetch, 0)), 0)
  from pg_stat_xact_all_tables as s
  where s.schemaname in ('public', 'private') and s.relname !~ '^scratch_';
$$;
create function tests.live(who text) returns void language plpgsql as $$
begin
  perform tests.add_person(who, who || '@tests.example');
  insert into public.members (workspace_id, user_id) values (tests.id('north'), tests.id(who));
  insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail)
  select tests.id('north'), case when n % 3 = 0 then tests.id(who) end, 'report.read', 'person',
    case when n % 3 = 1 then tests.id(who)::text end,
    case when n % 3 = 2 then jsonb_build_object('for', who || '@tests.example') else '{}' end
  from generate_series(1, 30) as n;
  insert into public.billing_events (workspace_id, kind, quantity, unit, user_id, request_id)
  select tests.id('north'), 'message', 1, 'message', case when n % 2 = 0 then tests.id(who) end,
    format('%s-%s', n, case when n % 2 = 1 then tests.id(who) else tests.id('clerk') end)
  from generate_series(1, 20) as n;
  insert into public.analytics_events (workspace_id, user_id, name)
  select tests.id('north'), tests.id(who), 'report.opened' from generate_series(1, 10);
  insert into private.function_calls (job, function, body, status, finished_at)
  values ('tests', 'agents/invalidate', jsonb_build_object('floors', jsonb_build_object(tests.id(who), 1)), 'succeeded',
    now());
end;
$$;
select tests.live('first');
select tests.live('second');
create temporary table readings (who text, what text, scanned bigint, fetched bigint) on commit drop;
create function tests.leave(who text) returns void language sql as $$
  insert into readings select who, 'export', r.*
  from tests.rows_read(format('select count(*) from private.export_pieces(%L)', tests.id(who))) as r;
  insert into readings select who, 'erase', r.*
  from tests.rows_read(format('select private.erase_person(%L, %L)', tests.id(who), who || '@tests.example')) as r;
$$;
select tests.leave('first');

-- Others live on, in the same workspace and in others.
insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail)
select tests.id(case when n % 2 = 0 then 'north' else 'south' end), tests.id('clerk'), 'report.read', 'person',
  tests.id('admin')::text, jsonb_build_object('for', 'admin@tests.example', 'n', n)
from generate_series(1, 3000) as n;
insert into public.billing_events (workspace_id, kind, quantity, unit, user_id, request_id)
select tests.id(case when n % 2 = 0 then 'north' else 'south' end), 'message', 1, 'message', tests.id('clerk'),
  format('%s-%s', n, tests.id('admin'))
from generate_series(1, 3000) as n;
insert into public.analytics_events (workspace_id, user_id, name)
select tests.id(case when n % 2 = 0 then 'north' else 'south' end), tests.id('clerk'), 'report.opened'
from generate_series(1, 3000) as n;
insert into private.function_calls (job, function, body, status, finished_at)
select 'tests', 'agents/invalidate', jsonb_build_object('floors', jsonb_build_object(md5(n::text)::uuid, 1)),
  'succeeded', now()
from generate_series(1, 3000) as n;
set local session_replication_role = replica; -- so many at once, and none is anybody's turn
insert into public.messages (workspace_id, conversation_id, user_id, role, parts, token_count)
select tests.id('north'), md5('talk' || n % 100)::uuid, tests.id('clerk'), 'user', '[{"type": "text"}]', 1
from generate_series(1, 3000) as n;
set local session_replication_role = origin;
analyze public.audit_log, public.billing_events, public.analytics_events, public.messages, private.function_calls;
select tests.leave('second');

select is_empty($$select * from readings where scanned > 0$$, 'no log is scanned');
select is((select count(*)::integer from readings where fetched >= 30), 4, 'both exported and erased what there was');
select is_empty(
  $$select one.what, one.fetched as before, two.fetched as after
  from readings as one join readings as two on two.what = one.what
  where one.who = 'first' and two.who = 'second' and two.fetched > one.fetched + 100$$,
  'after 15,000 more rows of others no more is read'
);
select is_empty($$select from public.audit_log as e
  where concat_ws(' ', e.actor_id::text, e.subject_id, e.detail::text) ~ (tests.id('second')::text || '|second@')$$,
  'no entry names them any more');
select is_empty($$select from public.billing_events as e
  where concat_ws(' ', e.user_id::text, e.request_id) ~ tests.id('second')::text$$, 'nor an event');

select is_empty(
  $$select body from private.function_calls where body::text ~ tests.id('second')::text$$,
  'nor a call');

-- An address that no index knows: everything is read, and it is found.
select tests.live('third');
update auth.users set email = 'th!rd!@tests.example' where id = tests.id('third');
insert into public.audit_log (workspace_id, action, detail)
values (tests.id('north'), 'report.read', '{"for": "(th!rd!@tests.example)"}');
select is(private.names_in('th!rd!@tests.example'), null, 'there are addresses that are in no index');
select private.erase_person(tests.id('third'), 'th!rd!@tests.example') is not null as erased;
select is_empty($$select from public.audit_log as e where e.detail::text ~ 'th!rd!@'$$, 'they are found all the same');

select * from finish();
rollback;
