-- Audit seals: tamper evidence that does not slow writers. A job each minute seals what has been written, per
-- workspace, as a SHA-256 chain; the verifier recomputes it and finds any edit, deletion, insertion, reordering or
-- truncation of sealed entries.
--
-- Touches: public.audit_seals, private.audit_heads, private.audit_horizon, public.audit_anchor.
-- Beware:  which entries a seal covers is said by transaction ids and not by entry ids: an entry with a lower id may
--          commit after one with a higher. A run seals [last horizon, oldest transaction still running): nothing can
--          appear in there any more. Transaction ids live on in physical backups and point-in-time recovery; a logical
--          dump restored elsewhere begins anew (docs/operations.md says what to do). A superuser can rewrite entries,
--          seals and heads together. Only a digest kept elsewhere (audit_anchor) shows that.

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
comment on table private.audit_heads is
  'The newest seal of each workspace, a second time: seals cut off at the end are missed here.';

create table private.audit_horizon (
  is_the_only_row boolean primary key default true,
  sealed_to bigint not null default 0,
  sealed_at timestamptz not null default now(),
  constraint is_the_only_row check (is_the_only_row)
);
comment on table private.audit_horizon is 'Up to which transaction the whole log is sealed, and since when.';
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
  'SHA-256 of all that a seal says (but its digest) and of the digest of its leaves (private.audit_leaves) in order '
  'of id. The first previous digest is 64 zeros.';

-- Sealing -------------------------------------------------------------------------------------------------------------

create table private.unsealed_logs (
  workspace_id uuid primary key,
  from_xid bigint not null
);
comment on table private.unsealed_logs is
  'Workspaces whose entries could not be sealed, and from which transaction on: the others are sealed without them, '
  'and they are made up for.';

-- Sealing and verifying are told further on, where redactions are known (sealing_and_verifying).

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
  'The newest seal, to be kept where this database''s owner cannot reach; verify_audit_log(workspace, digest) later '
  'shows that nothing before it was rewritten. No row before the first seal.';
grant execute on function public.audit_anchor(uuid) to authenticated, service_role;
