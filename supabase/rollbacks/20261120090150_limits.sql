-- Back from: limits. Counters and the limits of single workspaces are lost.
drop view public.workspace_usage;
drop function private.own_usage();
drop function private.read_usage(uuid[], uuid);
drop function private.purge_counters();
drop function private.begin_long_work(uuid, uuid);
drop function private.take_slot(text, uuid, uuid);
drop function private.count_acts();
drop function private.count_rows();
drop function private.count_against(uuid, uuid, text, bigint, text);
drop table private.counters;
drop function private.refuse_over_limit(text, bigint, bigint);
drop function private.limit_of(uuid, text);
drop policy "Members read the plans' limits" on public.plan_limits;
drop policy "Members read the plans" on public.plans;
drop table public.workspace_limits;
