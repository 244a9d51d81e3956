-- Back from: plans. What operators changed in them is gone.
drop function private.remove_limits(text[]);
drop function private.add_limit(text, text, text, text, text, bigint, bigint, bigint);
drop table public.plan_limits;
drop table private.limits;
drop table public.plans;
