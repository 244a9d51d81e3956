-- Back from: plans. Changes that operators made to plans are lost.
drop function private.remove_limits(text[]);
drop function private.add_limit(text, text, text, text, text, bigint, bigint, bigint);
drop table public.plan_limits;
drop table private.limits;
drop table public.plans;
