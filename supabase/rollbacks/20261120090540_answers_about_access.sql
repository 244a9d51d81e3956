-- Back from: answers about access.
drop function private.explain_access(uuid, uuid, text, boolean);
drop function private.access_answer(jsonb);
drop function private.decide_access(jsonb, boolean);
drop function private.scopes_that_open(jsonb, text);
drop function private.uuid_or_null(text);
