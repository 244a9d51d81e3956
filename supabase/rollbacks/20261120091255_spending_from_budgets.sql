-- Back from: spending from budgets.
select cron.unschedule('release-reservations');
drop function public.settle_usage(uuid, text, bigint, bigint);
drop function public.reserve_usage(uuid, text, uuid, uuid, bigint, bigint, text, integer);
drop function private.settle_for_caller(uuid, text, bigint, bigint);
drop function private.reserve_for_caller(uuid, text, uuid, uuid, bigint, bigint, text, interval);
drop function private.spender(uuid, uuid, uuid, text);
drop function private.release_reservations(integer);
drop function private.release_reservations_of(uuid, integer);
drop function private.charge_usage(uuid, uuid, uuid, text, bigint, bigint, text);
drop function private.settle_usage(uuid, text, bigint, bigint);
drop function private.reserve_usage(uuid, uuid, uuid, text, bigint, bigint, text, interval);
drop function private.budget_status(public.budgets);
drop function private.require_budget(uuid, uuid, uuid);
drop function private.refuse_over_budget(public.budgets, date, bigint);
