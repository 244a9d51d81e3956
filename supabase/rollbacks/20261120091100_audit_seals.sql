-- Back from: audit seals. The evidence is gone: keep an anchor of each workspace first (audit_anchor).
drop function public.audit_anchor(uuid);
drop table private.unsealed_logs;
drop function private.seal_digest(public.audit_seals, bytea);
drop table private.audit_horizon;
drop table private.audit_heads;
drop table public.audit_seals;
