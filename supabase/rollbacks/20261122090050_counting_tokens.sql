drop function private.count_tokens(jsonb);
