-- Back from: ranges of ids. Sequences that have taken a range keep it.
drop function private.take_id_range(integer);
drop function private.id_sequences();
drop function private.own_id_range();
