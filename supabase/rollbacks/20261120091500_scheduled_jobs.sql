-- Back from: scheduled jobs.
select cron.unschedule('sweep-scratchpad');
select cron.unschedule('purge');
select cron.unschedule('maintain-partitions');
select cron.unschedule('roll-up-usage');
select cron.unschedule('reconcile-function-calls');
select cron.unschedule('seal-audit-log');
drop function private.purge();
