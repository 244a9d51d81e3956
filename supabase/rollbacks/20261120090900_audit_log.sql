-- Back from: the audit log. Every entry is gone for good: export it first (docs/operations.md).
drop table public.audit_log;
drop function private.names_beside(text, text, text);
drop function private.names_in(text, text, text);
drop domain private.action_name;
drop domain private.audit_detail;
drop function private.maintain_partitions(date);
drop table private.partitioned_logs;
drop function private.refuse_change();
select private.remove_limits(array['audit_entries_a_day']);
