drop function private.release_expired_work(integer);
drop function private.redrive_work(text, bigint[], integer);
drop function private.cancel_work(text, bigint[], text);
drop function private.snooze_work(text, uuid, bigint[], timestamptz, text);
drop function private.fail_work(text, uuid, bigint[], text, interval, boolean);
drop function private.complete_work(text, uuid, bigint[], jsonb);
drop function private.require_held_or_said(private.work_queues, uuid, bigint[], text);
