drop function private.redact_billing_events(uuid, uuid, text, uuid);
drop function private.redact_audit_log(uuid, uuid, text, uuid);
drop function private.redacted_entry(public.audit_log, uuid, text, uuid);
drop function private.naming(text, text, text);
drop view private.audit_words;
drop function private.person_patterns(uuid, text);
drop function private.text_names(text, uuid, text);
drop function private.redacted_text(text, uuid, text, text);
