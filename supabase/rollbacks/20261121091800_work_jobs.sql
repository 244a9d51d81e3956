select cron.unschedule('purge-finished-work');
select cron.unschedule('release-expired-work');
drop function private.tidy_work_lanes(private.work_queues);
drop function private.purge_finished_work(integer, integer);
drop function private.purge_finished_work_of(regclass, uuid, integer, integer);
drop function private.work_abandoned(interval);
