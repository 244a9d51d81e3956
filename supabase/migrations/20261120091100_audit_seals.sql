-- Audit seals: tamper evidence that does not slow writers. A job each minute seals what has been written, per workspace, as a SHA-256 chain;
-- the verifier recomputes it and finds any edit, deletion, insertion, reordering or truncation of sealed entries.
--
-- Touches: public.audit_seals, private.audit_heads, private.audit_horizon, private.seal_audit_log, public.verify_audit_log, public.audit_anchor.
-- Beware:  which entries a seal covers is said by transaction ids and not by entry ids: an entry with a lower id may commit after one with a
--          higher. A run seals [last horizon, oldest transaction still running): nothing can appear in there any more. Transaction ids live on in
--          physical backups and point-in-time recovery; a logical dump restored elsewhere begins anew (docs/operations.md says what to do).
--          A superuser can rewrite entries, seals and heads together. Only a digest kept elsewhere (audit_anchor) shows that.

create table public.audit_seals (
  workspace_id uuid not null,
  ordinal bigint not null,
  month date not null,
  first_id bigint not null,
  last_id bigint not null,
  entries bigint not null,
  from_xid bigint not null,
  to_xid bigint not null,
  digest text not null,
  previous_digest text not null,
  sealed_at timestamptz not null default now(),
  primary key (workspace_id, ordinal),
  constraint covers_something check (entries > 0 and first_id <= last_id and from_xid < to_xid),
  constraint digest_is_sha256 check (digest ~ '^[0-9a-f]{64}$' and previous_digest ~ '^[0-9a-f]{64}$'),
  constraint position_counts_from_one check (ordinal > 0)
);
comment on table public.audit_seals is 'The chain of digests over a workspace''s audit log. Each covers the entries of one month whose transactions lie in [from_xid, to_xid).';
comment on column public.audit_seals.digest is 'SHA-256, hex: private.seal_digest.';
create trigger refuse_change before update or delete on public.audit_seals for each row execute function private.refuse_change();
create trigger refuse_truncate before truncate on public.audit_seals for each statement execute function private.refuse_change();

alter table public.audit_seals enable row level security;
grant select on public.audit_seals to authenticated, service_role;
-- insert is granted to nobody: seal_audit_log writes.
create policy "Admins read the workspace's seals" on public.audit_seals
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's seals" on public.audit_seals is 'To keep a digest elsewhere.';

create table private.audit_heads (
  workspace_id uuid primary key,
  ordinal bigint not null,
  digest text not null,
  to_xid bigint not null
);
comment on table private.audit_heads is 'The newest seal of each workspace, a second time: seals cut off at the end are missed here.';

create table private.audit_horizon (
  is_the_only_row boolean primary key default true,
  sealed_to bigint not null default 0,
  sealed_at timestamptz not null default now(),
  constraint is_the_only_row check (is_the_only_row)
);
comment on table private.audit_horizon is 'Up to which transaction the whole log is sealed, and since when.';
insert into private.audit_horizon default values;

-- Digests ------------------------------------------------------------------------------------------------------------------------------

-- A security barrier, because Postgres evaluates the columns of such a view where it reads the rows, in the parallel workers, and not in the
-- leader behind the sort (verification 2.2 times as fast on two cores).
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

create function private.seal_digest(seal public.audit_seals, leaves bytea)
returns text
language sql
stable
parallel safe
set search_path = ''
as $$
  select encode(sha256(record_send(row(
    seal.previous_digest, seal.workspace_id, seal.ordinal, seal.month, seal.first_id, seal.last_id, seal.entries, seal.from_xid, seal.to_xid,
    seal.sealed_at
  )) || sha256(leaves)), 'hex');
$$;
comment on function private.seal_digest(public.audit_seals, bytea) is
  'SHA-256 of all that a seal says (but its digest) and of the digest of its leaves (private.audit_leaves) in order of id. The first previous digest is 64 zeros.';

-- Sealing ------------------------------------------------------------------------------------------------------------------------------

create table private.unsealed_logs (
  workspace_id uuid primary key,
  from_xid bigint not null
);
comment on table private.unsealed_logs is
  'Workspaces whose entries could not be sealed, and from which transaction on: the others are sealed without them, '
  'and they are made up for.';

-- Who seals is told further on, where redactions are known: private.seal_audit_log.

-- Verifying ----------------------------------------------------------------------------------------------------------------------------

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

create function private.verify_audit_log(workspace_id uuid, anchor text)
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
comment on function private.verify_audit_log(uuid, text) is 'The body of public.verify_audit_log: what clients call runs as the caller, what it does needs more.';

create function public.audit_anchor(workspace_id uuid)
returns table (ordinal bigint, digest text, last_id bigint, sealed_at timestamptz)
language sql
stable
rows 1
security invoker
set search_path = ''
as $$
  select seal.ordinal, seal.digest, seal.last_id, seal.sealed_at
  from public.audit_seals as seal
  where seal.workspace_id = audit_anchor.workspace_id
  order by seal.ordinal desc
  limit 1;
$$;
comment on function public.audit_anchor(uuid) is
  'The newest seal, to be kept where this database''s owner cannot reach; verify_audit_log(workspace, digest) later shows that nothing before it was rewritten. No row before the first seal.';
grant execute on function private.verify_audit_log(uuid, text), public.audit_anchor(uuid) to authenticated, service_role;
