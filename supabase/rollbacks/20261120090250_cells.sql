-- Back from: cells.
drop function public.forget_place(uuid);
drop function public.place_workspace(uuid, text, text, bigint);
drop function public.set_cell(text, text, text, text, boolean);
drop function public.workspace_place(uuid);
drop function private.workspace_place(uuid);
drop function private.place_for(uuid, uuid);
drop function private.token_is_for(uuid);
drop function private.may_know_place(uuid, uuid);
drop function private.place_of(uuid);
drop function private.own_cell();
drop table private.known_people;
drop table private.workspace_places;
drop table private.this_cell;
drop table private.cells;
