-- Back from: erasing people. Erased people stay erased.
drop function private.erase_person(uuid, text, uuid, boolean, uuid[]);
drop function private.erase_scratchpad(uuid, text, uuid, text[]);
drop function private.erase_sign_in(uuid, text);
drop function private.erase_calls(uuid, text, uuid);
drop index private.function_calls_names;
drop function private.without_person(jsonb, uuid);
drop function private.erase_personal_columns(uuid, text, uuid[], uuid, uuid);
drop function private.erasure_places(uuid, uuid);
