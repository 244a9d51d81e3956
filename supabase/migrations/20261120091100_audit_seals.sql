-- Audit seals: tamper evidence that does not slow writers. Each minute a job seals new entries, per workspace, as a
-- SHA-256 chain. The verifier recomputes it and finds any edit, deletion, insertion, reordering or truncation of sealed
-- entries.
--
-- Touches: public.audit_seals (the chain), private.audit_heads (its end, a second time), private.audit_horizon (how far
--          the log is sealed), public.audit_anchor (the digest to keep elsewhere).
-- Beware:  a seal covers a range of transaction ids, not of entry ids: an entry with a lower id may commit after one
--          with a higher. A run seals [last horizon, oldest running transaction), in which no new entry can appear.
--          Physical backups and point-in-time recovery keep transaction ids; a logical dump restored elsewhere starts a
--          new chain (docs/operations.md says what to do). A superuser can rewrite entries, seals and heads together.
--          Only a digest kept elsewhere (audit_anchor) reveals that.

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
comment on table public.audit_seals is
  'The chain of digests over a workspace''s audit log. Each covers the entries of one month whose transactions lie in '
  '[from_xid, to_xid).';
comment on column public.audit_seals.digest is 'SHA-256, hex: private.seal_digest.';
create trigger refuse_change before update or delete on public.audit_seals for each row
  execute function private.refuse_change();
create trigger refuse_truncate before truncate on public.audit_seals for each statement
  execute function private.refuse_change();

alter table public.audit_seals enable row level security;
grant select on public.audit_seals to authenticated, service_role;
-- No role has insert: seal_audit_log writes.
create policy "Admins read the workspace's seals" on public.audit_seals
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's seals" on public.audit_seals is
  'So that they can keep a digest elsewhere.';

create table private.audit_heads (
  workspace_id uuid primary key,
  ordinal bigint not null,
  digest text not null,
  to_xid bigint not null
);
comment on table private.audit_heads is
  'A second copy of each workspace''s newest seal. It shows when seals at the end were cut off.';

create table private.audit_horizon (
  is_the_only_row boolean primary key default true,
  sealed_to bigint not null default 0,
  sealed_at timestamptz not null default now(),
  constraint is_the_only_row check (is_the_only_row)
);
comment on table private.audit_horizon is 'The transaction up to which the whole log is sealed, and since when.';
insert into private.audit_horizon default values;

-- Digests -------------------------------------------------------------------------------------------------------------

create function private.seal_digest(seal public.audit_seals, leaves bytea)
returns text
language sql
stable
parallel safe
set search_path = ''
as $$
  select encode(sha256(record_send(row(
    seal.previous_digest, seal.workspace_id, seal.ordinal, seal.month, seal.first_id, seal.last_id, seal.entries,
    seal.from_xid, seal.to_xid,
    seal.sealed_at
  )) || sha256(leaves)), 'hex');
$$;
comment on function private.seal_digest(public.audit_seals, bytea) is
  'SHA-256 of all fields of a seal (but its digest) and of the digest of its leaves (private.audit_leaves) in order of '
  'id. The first previous digest is 64 zeros.';

-- Sealing -------------------------------------------------------------------------------------------------------------

create table private.unsealed_logs (
  workspace_id uuid primary key,
  from_xid bigint not null
);
comment on table private.unsealed_logs is
  'Workspaces whose entries could not be sealed, and from which transaction on. The other workspaces are sealed '
  'meanwhile, and these later.';

-- The functions that seal and verify are in the chapter sealing_and_verifying, after redactions.

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
  'The newest seal. Keep it where the owner of this database cannot reach it; verify_audit_log(workspace, digest) '
  'later shows that nothing before it was rewritten. No row before the first seal.';
grant execute on function public.audit_anchor(uuid) to authenticated, service_role;
