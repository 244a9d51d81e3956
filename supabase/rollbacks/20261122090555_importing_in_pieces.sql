-- Back from: importing in pieces.
select cron.unschedule('purge-lead-imports');
select cron.unschedule('import-leads');
drop function private.purge_lead_imports();
drop function private.request_lead_import();
drop function private.fail_lead_import(uuid, text, text, jsonb);
drop function private.finish_lead_import(uuid, text);
drop function private.lead_import_report(uuid);
drop function private.import_lead_piece(uuid, bigint, bigint, jsonb, boolean);
drop function private.csv_field(text);
drop function private.start_lead_import(uuid, jsonb, jsonb, integer);
drop function private.take_lead_import();
