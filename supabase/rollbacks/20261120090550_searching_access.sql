-- Back from: searching access.
drop function private.search_access(text, jsonb, text, integer);
drop function private.access_candidates(text, jsonb);
drop function private.queue_scopes(uuid);
