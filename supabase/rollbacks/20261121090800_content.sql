delete from private.work_queues where name in ('content_queue', 'build_content_queue');
drop function private.claim_content_queue(text, uuid, interval, integer, integer, uuid[], integer);
drop table public.content_queue;
drop function private.claim_build_content_queue(text, uuid, interval, integer, integer, uuid[], integer);
drop table public.build_content_queue;
drop function private.next_local_time(text, time, timestamptz);
drop function private.schedule_content();
