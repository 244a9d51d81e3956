-- Back from: metrics.
drop function private.metric_figures(integer);
drop function private.work_figures(integer);
drop function private.add_metrics(smallint, jsonb);
drop index private.budget_pools_warned;
drop index private.function_calls_given_up;
drop table private.metric_counters;
