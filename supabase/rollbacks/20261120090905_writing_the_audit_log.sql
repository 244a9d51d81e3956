-- Back from: writing the audit log. Its entries stay.
drop function private.log_audit(uuid, text, text, text, uuid, jsonb, text);
drop function private.log_audit_entries(jsonb, uuid);
drop function private.require_reportable(text);
drop function private.append_audit_entry(uuid, uuid, text, text, text, uuid, jsonb, text, uuid, jsonb);
drop function private.claim_scope(text, uuid);
drop function private.claim_request(uuid, text, text, bigint, jsonb);
drop table private.request_claims;
