-- Back from: exporting people.
drop function public.export_user_data(uuid);
drop function private.export_pieces(uuid);
drop function private.begin_export(uuid);
drop function private.in_pieces(text);
drop function private.picked(jsonb, text[]);
drop function private.personal_objects(uuid, uuid);
drop function private.person_condition(text, regtype, text);
drop function private.personal_columns_now();
drop index public.permissions_reason_names;
drop table private.personal_columns;
select private.remove_limits(array['exports_a_day']);
