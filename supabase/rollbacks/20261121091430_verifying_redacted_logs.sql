-- Back from: verifying redacted logs. A log with redactions no longer verifies.
drop function private.seal_audit_log();
drop function private.seal_entries(uuid, bigint, bigint);
drop function private.recount_seals(uuid);
create function private.recount_seals(in_workspace uuid)
returns table (to_xid bigint, month date, entries bigint, leaves bytea)
language plpgsql
stable
set search_path = ''
as $$
declare
  bounds bigint[];
  sealed_to bigint;
begin
  select array_agg(distinct seal.to_xid order by seal.to_xid) into bounds
  from public.audit_seals as seal where seal.workspace_id = in_workspace;
  select head.to_xid into sealed_to from private.audit_heads as head where head.workspace_id = in_workspace;
  -- Each entry belongs to the first seal whose horizon lies beyond it; width_bucket finds it by binary search, so the log is read once.
  return query
    select bounds[width_bucket(leaf.xid, bounds) + 1], leaf.month, count(*), string_agg(leaf.leaf, '' order by leaf.id)
    from private.audit_leaves as leaf
    where leaf.workspace_id = in_workspace and leaf.xid < sealed_to
    group by 1, 2;
end;
$$;
comment on function private.recount_seals(uuid) is 'The sealed part of a workspace''s log as it is now: entries and leaves by the seal that they belong to.';
create or replace function private.verify_audit_log(workspace_id uuid, anchor text)
returns table (is_valid boolean, entries bigint, seals bigint, broken_at bigint, reason text, sealed_through timestamptz, head_digest text)
language plpgsql
stable
rows 1
security definer -- reads heads, and the log past RLS
set search_path = ''
as $$
declare
  seal record;
  head private.audit_heads;
  expected_previous text := repeat('0', 64);
  oldest_kept date := (
    select (date_trunc('month', now() at time zone 'utc') - make_interval(months => log.keep_months))::date
    from private.partitioned_logs as log where log.table_name = 'audit_log'
  );
begin
  if not private.is_service() and not private.administers(private.current_user_id(), verify_audit_log.workspace_id) then
    perform private.raise_error('not_found', 'No such workspace that you administer.', 404);
  end if;
  select * into head from private.audit_heads as known where known.workspace_id = verify_audit_log.workspace_id;
  entries := 0;
  seals := 0;
  head_digest := head.digest;
  if head.digest is distinct from (
    select s.digest from public.audit_seals as s
    where s.workspace_id = verify_audit_log.workspace_id order by s.ordinal desc limit 1
  ) then
    broken_at := head.ordinal;
    reason := 'seal_missing';
    is_valid := false;
    return next;
    return;
  end if;
  for seal in
    select s.*, actual.to_xid as actual_to_xid, actual.entries as found_entries, actual.leaves
    from (select known as whole, known.* from public.audit_seals as known where known.workspace_id = verify_audit_log.workspace_id) as s
    full join private.recount_seals(verify_audit_log.workspace_id) as actual on actual.to_xid = s.to_xid and actual.month = s.month
    order by s.ordinal nulls last
  loop
    if seal.ordinal is null then
      -- Entries in a month in which their transactions sealed none.
      broken_at := (select min(s.ordinal) from public.audit_seals as s
        where s.workspace_id = verify_audit_log.workspace_id and s.to_xid = seal.actual_to_xid);
      reason := 'entry_inserted';
      exit;
    end if;
    seals := seals + 1;
    sealed_through := seal.sealed_at;
    reason := case
      when seal.ordinal <> seals or seal.previous_digest <> expected_previous then 'seal_missing'
      -- Whole months past retention have been dropped lawfully: of them the chain itself is what is left to check.
      when seal.found_entries is null and seal.month < oldest_kept then null
      when seal.found_entries is distinct from seal.entries then
        case when coalesce(seal.found_entries, 0) < seal.entries then 'entry_missing' else 'entry_inserted' end
      when seal.digest <> private.seal_digest(seal.whole, seal.leaves) then 'entry_changed'
    end;
    if reason is not null then
      broken_at := seal.ordinal;
      exit;
    end if;
    entries := entries + coalesce(seal.found_entries, 0);
    expected_previous := seal.digest;
  end loop;
  if reason is null and anchor is not null and not exists (
    select from public.audit_seals as s where s.workspace_id = verify_audit_log.workspace_id and s.digest = lower(anchor)
  ) then
    reason := 'anchor_missing';
  end if;
  is_valid := reason is null;
  return next;
end;
$$;
drop function private.trouble_with_redactions(uuid, bigint[]);
comment on function public.verify_audit_log(uuid, text) is
  'Recomputes the chain of a workspace''s audit log. anchor: a digest kept elsewhere (audit_anchor) that must still be in it. Returns whether it is valid, the entries and seals checked, the first broken seal, why (entry_changed, entry_missing, entry_inserted, seal_missing, anchor_missing), until when the log is sealed, and its newest digest. Admins and the service. Errors: not_found 404.';
