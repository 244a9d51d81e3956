-- Back from: audit redactions. What was sealed before an erasure is forgotten: such logs never verify again.
drop function private.redact_billing_events(uuid, uuid, text, uuid);
drop function private.redact_audit_log(uuid, uuid, text, uuid);
create or replace trigger refuse_change before update or delete on public.billing_events for each row execute function private.refuse_change();
create or replace trigger refuse_change before update or delete on public.audit_log
  for each row execute function private.refuse_change();
drop function private.refuse_all_but_pseudonyms();
drop function private.refuse_all_but_redactions();
drop function private.redacted_entry(public.audit_log, uuid, text, uuid);
drop view private.audit_words;
drop function private.person_patterns(uuid, text);
drop function private.text_names(text, uuid, text);
drop function private.redacted_text(text, uuid, text, text);
drop function private.redaction_digest(uuid, uuid);
drop view private.redacted_leaves;
drop view private.audit_leaves;
create view private.audit_leaves with (security_barrier) as
select
  entry.workspace_id,
  entry.id,
  entry.xid,
  date_trunc('month', entry.occurred_on)::date as month,
  sha256(record_send(row(
    entry.id, entry.workspace_id, entry.occurred_at, entry.actor_id, entry.agent_id, entry.action::text, entry.subject_type::text,
    entry.subject_id::text, entry.detail::jsonb, entry.request_id::text, entry.occurred_on, entry.xid
  ))) as leaf
from public.audit_log as entry;
comment on view private.audit_leaves is
  'The SHA-256 of each entry''s fields in binary form (record_send): unambiguous, and the same on every machine. Cast to base types, because a domain''s oid differs between databases.';
drop function private.audit_leaf(public.audit_log);
drop function private.oldest_kept(text);
drop table private.audit_redactions;
drop table private.erasure_pseudonyms;
