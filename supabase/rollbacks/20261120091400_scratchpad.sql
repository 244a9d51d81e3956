-- Back from: the scratchpad in Postgres. Its data is temporary, so nothing of value is lost.
drop function private.sweep_scratchpad();
drop function private.scratch_join(text, text, jsonb, double precision);
drop function private.scratch_hit(text, integer, integer, integer);
drop function private.scratch_raise_floors(jsonb);
drop function private.scratch_write_back(text, jsonb, bigint, text, integer);
drop function private.scratch_epoch();
drop table private.scratch_counters;
drop table private.scratch_members;
drop table private.scratch_values;
