-- Back from: automatic budget reservations.
drop function private.settle_automatically() cascade;
drop function private.reserve_automatically() cascade;
