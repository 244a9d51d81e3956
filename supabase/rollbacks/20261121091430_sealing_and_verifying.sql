-- Back from: sealing and verifying. Sealing and verification stop.
drop function public.verify_audit_log(uuid, text, date);
drop function private.verify_audit_log(uuid, text, date);
drop function private.redaction_problem(uuid, bigint[]);
drop function private.has_unsealed_arrivals(uuid);
drop function private.recount_seals(uuid, date);
drop function private.seal_audit_log();
drop function private.seal_entries(uuid, bigint, bigint);
