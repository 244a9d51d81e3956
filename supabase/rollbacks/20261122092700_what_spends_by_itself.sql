-- Back from: automatic budget reservations.
drop function private.settle_by_itself() cascade;
drop function private.reserve_by_itself() cascade;
