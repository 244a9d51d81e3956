-- Back from: audit redactions. The original leaves of redacted entries are lost: their logs never verify again.
create or replace trigger refuse_change before update or delete on public.billing_events for each row
  execute function private.refuse_change();
create or replace trigger refuse_change before update or delete on public.audit_log
  for each row execute function private.refuse_change();
drop function private.refuse_all_but_pseudonyms();
drop function private.refuse_all_but_redactions();
drop function private.redaction_digest(uuid, uuid);
drop view private.redacted_leaves;
drop view private.audit_leaves;
drop function private.audit_leaf(public.audit_log);
drop function private.oldest_kept(text);
drop table private.audit_redactions;
drop table private.erasure_pseudonyms;
