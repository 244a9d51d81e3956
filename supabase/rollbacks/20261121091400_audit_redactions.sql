-- Back from: audit redactions. The original leaves of redacted entries are lost: their logs never verify again.
drop function private.redact_billing_events(uuid, uuid, text, uuid);
drop function private.redact_audit_log(uuid, uuid, text, uuid);
create or replace trigger refuse_change before update or delete on public.billing_events for each row
  execute function private.refuse_change();
create or replace trigger refuse_change before update or delete on public.audit_log
  for each row execute function private.refuse_change();
drop function private.refuse_all_but_pseudonyms();
drop function private.refuse_all_but_redactions();
drop function private.redacted_entry(public.audit_log, uuid, text, uuid);
drop function private.naming(text, text, text);
drop view private.audit_words;
drop function private.person_patterns(uuid, text);
drop function private.text_names(text, uuid, text);
drop function private.redacted_text(text, uuid, text, text);
drop function private.redaction_digest(uuid, uuid);
drop view private.redacted_leaves;
drop view private.audit_leaves;
drop function private.audit_leaf(public.audit_log);
drop function private.oldest_kept(text);
drop table private.audit_redactions;
drop table private.erasure_pseudonyms;
