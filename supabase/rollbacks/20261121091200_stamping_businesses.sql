-- Businesses that were made keep their tables.
drop function private.create_business(uuid, text, text, text);
drop function private.require_free_prefix(text);
drop function private.for_each_business(text);
drop function private.lock_businesses();
drop function private.business_differences(text);
drop function private.stamp_tables(text, text[]);
