-- Back from: moving. First end the moves that are under way (npm run move -- --undo), and forget what has moved.
drop trigger if exists refuse_elsewhere on private.connection_renewals;
drop trigger if exists refuse_elsewhere on private.lead_import_work;
drop trigger if exists refuse_elsewhere on private.durable_streams;
drop trigger if exists refuse_elsewhere on private.durable_pieces;
drop trigger if exists refuse_elsewhere on private.durable_producers;
drop function private.begin_move(uuid, text);
drop function private.guard_parts();
drop function private.refuse_parts_elsewhere();
drop function private.move_lock(uuid);
drop table private.move_marks;
drop table private.moves;
