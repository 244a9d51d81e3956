-- Back from: erasure requests. Open requests are lost: finish them first.
select cron.unschedule('purge-erasures');
select cron.unschedule('erase-people');
drop function private.purge_erasures();
drop function private.erasure_status(uuid);
drop function private.erase_claimed(bigint, uuid);
drop function public.cancel_erasure(uuid);
drop function private.cancel_erasure_of(uuid, uuid);
drop function private.cancel_erasure(uuid);
drop function public.erase_user(uuid, uuid, text);
drop function private.request_erasure_of(uuid, uuid, text);
drop function private.erase_user(uuid, uuid, text);
delete from private.personal_columns where table_name = 'public.erasure_requests';
drop table public.erasure_requests;
delete from private.work_queues where name = 'erasure_requests';
drop function private.claim_erasure_requests(text, uuid, interval, integer, integer, uuid[], integer);
