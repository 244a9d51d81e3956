drop function private.business_parts(text);
