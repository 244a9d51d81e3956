-- Back from: reserving usage.
drop function public.settle_usage(uuid, text, bigint, bigint);
drop function public.reserve_usage(uuid, text, uuid, uuid, bigint, bigint, text, integer);
drop function private.settle_for_caller(uuid, text, bigint, bigint);
drop function private.reserve_for_caller(uuid, text, uuid, uuid, bigint, bigint, text, interval);
drop function private.spender(uuid, uuid, uuid, text);
