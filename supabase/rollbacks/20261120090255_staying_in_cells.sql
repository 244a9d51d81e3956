-- Back from: staying in cells. The triggers of an installation that became a cell go with their function.
drop function public.name_this_cell(text);
drop function private.hide_arriving() cascade;
drop function private.keep_region() cascade;
drop function private.guard_places();
drop function private.refuse_elsewhere() cascade;
drop function private.raise_misdirected(uuid);
