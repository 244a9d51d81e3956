-- Back from: scores that age. Scores stay unchanged until their lead is written.
select cron.unschedule('rescore-leads');
drop function private.rescore_leads(integer);
select private.for_each_business('drop index public.{prefix}leads_by_auction;');
