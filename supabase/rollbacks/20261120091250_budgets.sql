-- Back from: budgets. Their reservations and spending are lost; billing events stay.
drop function private.cover_deficit(uuid, date);
drop function private.budget_left(uuid, date);
drop function private.draw_from_budget(public.budgets, date, smallint, bigint);
drop function private.drain_idle_slots(uuid, date, smallint);
drop function private.change_budget_amount() cascade;
drop function private.open_budget_period(public.budgets, date);
drop function private.budget_period(text, timestamptz);
drop table private.usage_reservations;
drop table private.budget_slots;
drop table private.budget_pools;
drop table public.budgets;
