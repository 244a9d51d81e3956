-- Back from: lead imports.
drop table private.lead_import_reports;
drop table private.lead_import_keys;
drop table private.lead_import_work;
drop table public.lead_imports;
drop function private.begin_lead_import();
delete from private.personal_columns where table_name = 'public.lead_imports';
select private.remove_limits(array['lead_imports_at_once']);
