drop function private.heartbeat_work(text, uuid, bigint[], interval);
drop function private.refuse_lost_lease(bigint[]);
drop function private.claim_work_as_agent(text, text, integer, interval, uuid, uuid);
drop function private.claim_work(text, text, integer, interval, uuid);
drop function private.make_claim_function(private.work_queues);
drop function private.require_lease(interval);
drop function private.work_backoff(integer);
drop function private.work_queue(text);
