-- Sealing and verifying: the job that seals new entries, and the check that finds later changes. Both take redactions
-- into account.
--
-- Touches: private.seal_entries, seal_audit_log (the job), recount_seals, redaction_problem;
--          public.verify_audit_log (the check).
-- Beware:  only this database's own entries are sealed here (private.own_id_range). A workspace that came from another
--          one brings its entries with all their seals, and the chain goes on here.
--          For a redacted entry both use the leaf as it was written, but only if the entry equals, bit by bit, the
--          recorded result of the redaction. An entry that was changed further, or restored, has no leaf, so its seal
--          does not match. Redactions are few compared with entries. They are aggregated once and hashed, so
--          verification costs one extra probe per entry.

create function private.seal_entries(in_workspace uuid, since bigint, horizon bigint)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  part record;
  head private.audit_heads;
  seal public.audit_seals;
  made integer := 0;
  low bigint := private.own_id_range()::bigint << 40;
begin
  for part in
    select leaf.workspace_id, leaf.month, count(*) as entries, min(leaf.id) as first_id, max(leaf.id) as last_id,
      string_agg(case when redacted.entry_id is null then leaf.leaf
        when leaf.leaf = redacted.redacted_leaf then redacted.leaf else '' end, ''
        order by leaf.id) as leaves
    from private.audit_leaves as leaf
    left join private.redacted_leaves as redacted
      on redacted.workspace_id = leaf.workspace_id and redacted.entry_id = leaf.id and redacted.entry_xid = leaf.xid
        and redacted.entry_xid >= since and redacted.entry_xid < horizon
    where leaf.xid >= since and leaf.xid < horizon and leaf.id >= low and leaf.id >> 40 = low >> 40
      and case when in_workspace is null
      then not exists (select from private.unsealed_logs as u where u.workspace_id = leaf.workspace_id)
      else leaf.workspace_id = in_workspace end
    group by leaf.workspace_id, leaf.month
    order by leaf.workspace_id, leaf.month
  loop
    select * into head from private.audit_heads as known where known.workspace_id = part.workspace_id;
    seal.workspace_id := part.workspace_id;
    seal.ordinal := coalesce(head.ordinal, 0) + 1;
    seal.month := part.month;
    seal.first_id := part.first_id;
    seal.last_id := part.last_id;
    seal.entries := part.entries;
    seal.from_xid := since;
    seal.to_xid := horizon;
    seal.previous_digest := coalesce(head.digest, repeat('0', 64));
    seal.sealed_at := now();
    seal.digest := private.seal_digest(seal, part.leaves);
    insert into public.audit_seals values (seal.*);
    insert into private.audit_heads (workspace_id, ordinal, digest, to_xid)
    values (seal.workspace_id, seal.ordinal, seal.digest, seal.to_xid)
    on conflict (workspace_id) do update
    set ordinal = excluded.ordinal, digest = excluded.digest, to_xid = excluded.to_xid;
    made := made + 1;
  end loop;
  return made;
end;
$$;
comment on function private.seal_entries(uuid, bigint, bigint) is
  'Seals the entries between two transactions, by month, of one workspace or (null) of all that have no unsealed '
  'backlog. Returns how many seals were made.';

create function private.seal_audit_log()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  done bigint;
  place record;
  made integer := 0;
begin
  -- One sealer at a time; a second one waits and finds nothing to do.
  select sealed_to into done from private.audit_horizon for update;
  if horizon <= done and not exists (select from private.unsealed_logs) then
    return 0;
  end if;
  begin
    made := private.seal_entries(null, done, horizon);
  exception when others then
    raise warning 'seal-audit-log: all at once failed (%), each workspace by itself', sqlerrm;
    insert into private.unsealed_logs (workspace_id, from_xid)
    select distinct leaf.workspace_id, done from private.audit_leaves as leaf
    where leaf.xid >= done and leaf.xid < horizon
    on conflict do nothing;
  end;
  -- A log that was sealed ahead (to move its workspace) waits until the others have come as far.
  for place in select u.* from private.unsealed_logs as u where u.from_xid < horizon order by u.workspace_id loop
    begin
      made := made + private.seal_entries(place.workspace_id, place.from_xid, horizon);
      delete from private.unsealed_logs as u where u.workspace_id = place.workspace_id;
      delete from private.job_failures as f where f.job = 'seal-audit-log' and f.workspace_id = place.workspace_id;
    exception when others then
      perform private.note_job_failure('seal-audit-log', place.workspace_id, sqlerrm);
    end;
  end loop;
  update private.audit_horizon set sealed_to = horizon, sealed_at = now();
  return made;
end;
$$;
comment on function private.seal_audit_log() is
  'Seals every entry whose transaction is older than every running one. Returns how many seals were made. Safe to run '
  'concurrently with itself and with writers.';

create function private.recount_seals(in_workspace uuid, of_month date)
returns table (id_range bigint, to_xid bigint, month date, entries bigint, leaves bytea, vouchers bigint[])
language plpgsql
stable
set search_path = ''
-- However few redactions Postgres expects, it must not look them up for each entry.
set enable_nestloop = off
as $$
declare
  part record;
  -- As variables: an expression would not get through the view, and all partitions would be read.
  since date := coalesce(of_month, '-infinity');
  before date := coalesce(of_month + interval '1 month', 'infinity');
begin
  -- Each entry belongs to the first seal of its range whose horizon is after it. width_bucket finds it by binary
  -- search, so the log is read once.
  for part in
    select seal.first_id >> 40 as id_range, array_agg(distinct seal.to_xid order by seal.to_xid) as bounds
    from public.audit_seals as seal where seal.workspace_id = in_workspace group by 1
  loop
    return query
      select part.id_range, part.bounds[width_bucket(leaf.xid, part.bounds) + 1], leaf.month, count(*),
        string_agg(case when redacted.entry_id is null then leaf.leaf
          when leaf.leaf = redacted.redacted_leaf then redacted.leaf else '' end, '' order by leaf.id),
        array_agg(leaf.id) filter (where leaf.is_voucher)
      from private.audit_leaves as leaf
      left join private.redacted_leaves as redacted
        on redacted.workspace_id = leaf.workspace_id and redacted.entry_id = leaf.id and redacted.entry_xid = leaf.xid
      where leaf.workspace_id = in_workspace and leaf.xid < part.bounds[cardinality(part.bounds)]
        and leaf.id >= part.id_range << 40 and leaf.id < (part.id_range + 1) << 40
        and leaf.occurred_on >= since and leaf.occurred_on < before
      group by 2, 3;
  end loop;
end;
$$;
comment on function private.recount_seals(uuid, date) is
  'Recomputes the sealed part of a workspace''s log, of one month or (null) of all: entries, leaves as they '
  'were written, and vouchers of redactions, by seal. id_range: the database that wrote them.';

create function private.has_unsealed_arrivals(in_workspace uuid)
returns boolean
-- plpgsql, as redaction_problem below: a partition may be dropped meanwhile
language plpgsql
stable
set search_path = ''
as $$
declare
  low bigint := private.own_id_range()::bigint << 40;
begin
  return exists (
    select from public.audit_log as entry
    left join (
      select seal.first_id >> 40 as id_range, max(seal.to_xid) as to_xid from public.audit_seals as seal
      where seal.workspace_id = in_workspace group by 1
    ) as sealed on sealed.id_range = entry.id >> 40
    where entry.workspace_id = in_workspace and entry.xid >= coalesce(sealed.to_xid, 0)
      and (entry.id < low or entry.id >= low + (1::bigint << 40)));
end;
$$;
comment on function private.has_unsealed_arrivals(uuid) is
  'Whether a workspace has entries of another database that no seal covers. It left there with every entry sealed, so '
  'such an entry was written by hand.';

create function private.redaction_problem(in_workspace uuid, sealed_vouchers bigint[])
returns text
-- plpgsql: a SQL function, called again in the same transaction, would look for a partition that was dropped meanwhile
language plpgsql
stable
set search_path = ''
as $$
begin
  if exists (
    select from private.erasure_pseudonyms as p
    cross join lateral private.redaction_digest(p.workspace_id, p.pseudonym) as found
    left join public.audit_log as voucher
      on voucher.workspace_id = p.workspace_id and voucher.id = p.voucher_id and voucher.action = 'audit.redacted'
        and voucher.subject_id = p.pseudonym::text
    where p.workspace_id = in_workspace and p.given_on >= private.oldest_kept('audit_log')
      and (p.voucher_id is not null or found.entries > 0)
      and (voucher.detail @> jsonb_build_object('entries', found.entries, 'digest', found.digest)) is not true
  ) then
    return 'redaction_unvouched';
  elsif exists (
    select from unnest(sealed_vouchers) as voucher (id)
    where not exists (select from private.erasure_pseudonyms as p
      where p.workspace_id = in_workspace and p.voucher_id = voucher.id)
  ) then
    return 'redaction_missing';
  end if;
  return null;
end;
$$;
comment on function private.redaction_problem(uuid, bigint[]) is
  'redaction_unvouched: no entry vouches for some redactions, or a voucher does not match them; redaction_missing: the '
  'redactions of a sealed voucher are gone; null: neither.';

create function private.verify_audit_log(workspace_id uuid, anchor text, month date)
returns table (is_valid boolean, entries bigint, seals bigint, broken_at bigint, reason text,
  sealed_through timestamptz, head_digest text)
language plpgsql
stable
rows 1
security definer -- reads heads, and the log past RLS
set search_path = ''
as $$
declare
  seal record;
  head private.audit_heads;
  newest record;
  expected_previous text := repeat('0', 64);
  oldest_kept date := private.oldest_kept('audit_log');
  sealed_vouchers bigint[] := array[]::bigint[];
  of_month date := date_trunc('month', verify_audit_log.month)::date;
begin
  if not private.is_service() and not private.administers(private.current_user_id(), verify_audit_log.workspace_id) then
    perform private.raise_error('not_found', 'No such workspace that you administer.', 404);
  end if;
  perform private.begin_long_work(verify_audit_log.workspace_id);
  select * into head from private.audit_heads as known where known.workspace_id = verify_audit_log.workspace_id;
  entries := 0;
  seals := 0;
  head_digest := head.digest;
  select s.digest, s.to_xid into newest from public.audit_seals as s
  where s.workspace_id = verify_audit_log.workspace_id order by s.ordinal desc limit 1;
  if head.digest is distinct from newest.digest or head.to_xid is distinct from newest.to_xid then
    broken_at := head.ordinal;
    reason := 'seal_missing';
    is_valid := false;
    return next;
    return;
  end if;
  for seal in
    select s.*, actual.to_xid as actual_to_xid, actual.id_range as actual_range, actual.entries as found_entries,
      actual.leaves, actual.vouchers
    from (select known as whole, known.* from public.audit_seals as known
      where known.workspace_id = verify_audit_log.workspace_id) as s
    full join private.recount_seals(verify_audit_log.workspace_id, of_month) as actual on actual.to_xid = s.to_xid
      and actual.month = s.month and actual.id_range = s.first_id >> 40
    order by s.ordinal nulls last
  loop
    if seal.ordinal is null then
      -- Entries of a month that has no seal for their transactions.
      broken_at := (select min(s.ordinal) from public.audit_seals as s
        where s.workspace_id = verify_audit_log.workspace_id and s.to_xid = seal.actual_to_xid
          and s.first_id >> 40 = seal.actual_range);
      reason := 'entry_inserted';
      exit;
    end if;
    seals := seals + 1;
    sealed_through := seal.sealed_at;
    reason := case
      when seal.ordinal <> seals or seal.previous_digest <> expected_previous then 'seal_missing'
      -- Of months that retention has dropped, and of those that are not asked for, only the chain is checked.
      when seal.found_entries is null and (seal.month < oldest_kept or seal.month <> of_month) then null
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
    if seal.month >= oldest_kept and seal.month = coalesce(of_month, seal.month) then
      sealed_vouchers := sealed_vouchers || seal.vouchers;
    end if;
  end loop;
  if reason is null and private.has_unsealed_arrivals(verify_audit_log.workspace_id) then
    broken_at := seals;
    reason := 'entry_inserted';
  end if;
  if reason is null then
    reason := private.redaction_problem(verify_audit_log.workspace_id, sealed_vouchers);
  end if;
  if reason is null and anchor is not null and not exists (
    select from public.audit_seals as s
    where s.workspace_id = verify_audit_log.workspace_id and s.digest = lower(anchor)
  ) then
    reason := 'anchor_missing';
  end if;
  is_valid := reason is null;
  return next;
end;
$$;
comment on function private.verify_audit_log(uuid, text, date) is
  'The body of public.verify_audit_log. It runs with more rights than its caller has.';

create function public.verify_audit_log(workspace_id uuid, anchor text default null, month date default null)
returns table (is_valid boolean, entries bigint, seals bigint, broken_at bigint, reason text,
  sealed_through timestamptz, head_digest text)
language sql
stable
rows 1
security invoker
set search_path = ''
as $$
  select * from private.verify_audit_log($1, $2, $3);
$$;
comment on function public.verify_audit_log(uuid, text, date) is
  'Recomputes the chain of a workspace''s audit log. month: only its entries are read, so that a long log is verified '
  'a month at a time; the chain of the seals is always checked whole. anchor: a digest kept elsewhere (audit_anchor) '
  'that must still be in it. Returns whether it is valid, the entries and seals checked, the first broken seal, the '
  'cause (entry_changed, entry_missing, entry_inserted, seal_missing, redaction_unvouched, redaction_missing, '
  'anchor_missing), the time up to which the log is sealed, and its newest digest. Entries of erased people count as '
  'they were written. Admins and the service. Errors: not_found 404.';
grant execute on function private.verify_audit_log(uuid, text, date), public.verify_audit_log(uuid, text, date)
to authenticated, service_role;
