-- Back from: spending from budgets.
select cron.unschedule('release-reservations');
drop function private.release_reservations(integer);
drop function private.release_reservations_of(uuid, integer);
drop function private.charge_usage(uuid, uuid, uuid, text, bigint, bigint, text);
drop function private.settle_usage(uuid, text, bigint, bigint);
drop function private.reserve_usage(uuid, uuid, uuid, text, bigint, bigint, text, interval);
drop function private.budget_status(public.budgets);
drop function private.require_budget(uuid, uuid, uuid);
drop function private.refuse_over_budget(public.budgets, date, bigint);
