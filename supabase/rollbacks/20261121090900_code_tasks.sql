delete from private.work_queues where name = 'code_task_queue';
drop function private.claim_code_task_queue(text, uuid, interval, integer, integer, uuid[], integer);
drop table public.code_task_queue;
