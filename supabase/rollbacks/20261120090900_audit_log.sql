-- Back from: the audit log. Every entry is gone for good: export it first (docs/operations.md).
drop function private.log_audit(uuid, text, text, text, uuid, jsonb, text);
drop function private.log_audit_entries(jsonb, uuid);
drop function private.require_reportable(text);
drop function private.append_audit_entry(uuid, uuid, text, text, text, uuid, jsonb, text, uuid, jsonb);
drop function private.claim_scope(text, uuid);
drop function private.claim_request(uuid, text, text, bigint, jsonb);
drop table private.request_claims;
drop table public.audit_log;
drop function private.names_beside(text, text, text);
drop function private.names_in(text, text, text);
drop domain private.action_name;
drop function private.maintain_partitions(date);
drop table private.partitioned_logs;
drop function private.refuse_change();
select private.remove_limits(array['audit_entries_a_day']);
