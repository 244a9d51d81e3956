-- Back from: billing. Every event is gone for good: export it first (docs/operations.md).
drop function private.roll_up_usage(integer, date);
drop function private.roll_up_usage_of(uuid, date, date);
drop function public.record_usage(uuid, text, numeric, text, bigint, text, uuid, uuid, text);
drop function private.record_usage(uuid, uuid, text, numeric, text, bigint, text, uuid, uuid, text);
drop table public.usage_daily;
drop function private.usage_events(timestamptz, bigint, integer);
drop table public.billing_customers;
drop table public.billing_events;
delete from private.partitioned_logs where table_name = 'billing_events';
