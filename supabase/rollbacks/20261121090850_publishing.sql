select cron.unschedule('publish-due-content');
select cron.unschedule('publish-articles-daily');
drop function private.publish_due_content();
drop function private.reserve_publication(text, uuid, bigint, interval);
