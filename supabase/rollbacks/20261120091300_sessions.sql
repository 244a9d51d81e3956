-- Back from: sessions. Their entries stay in the audit log.
drop function private.record_turn(uuid, uuid, uuid, text, jsonb, jsonb, boolean);
drop function private.begin_session_turn(uuid, uuid, uuid, uuid);
drop table private.session_turns;
drop function private.charge_turn(uuid, uuid, uuid, text, jsonb);
drop function private.close_session(uuid, uuid, text, boolean);
drop function private.find_session(uuid);
drop function private.open_session(uuid, uuid, uuid, text, boolean);
