drop function private.phone_plan(text);
