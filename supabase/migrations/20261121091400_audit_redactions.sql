-- Audit redactions: how an erased person leaves the audit log while the log still verifies.
--
-- Touches: private.erasure_pseudonyms, private.audit_redactions (the record), the triggers of audit_log and
--          billing_events that refuse other changes, private.audit_leaves, redacted_leaves. The next chapters redact,
--          seal and verify.
-- Beware:  a seal covers each entry's leaf, so an entry cannot change unnoticed. audit_redactions therefore keeps the
--          leaf as it was written, beside the leaf of the redacted entry. Sealer and verifier both use the first leaf,
--          so neither the order of redaction and sealing matters, nor the order of the two. An audit entry of its own
--          (`audit.redacted`, the voucher) lists all redactions of an erasure. It is sealed like any other, so a change
--          cannot pass as a redaction without an entry in the log. docs/decisions/0011 has the alternatives.

create table private.erasure_pseudonyms (
  workspace_id uuid not null,
  pseudonym uuid not null,
  voucher_id bigint,
  given_on date not null default (now() at time zone 'utc')::date,
  given_in bigint not null default pg_current_xact_id()::text::bigint,
  primary key (workspace_id, pseudonym)
);
comment on table private.erasure_pseudonyms is
  'The pseudonyms of erased people in a workspace''s logs. Each erasure and workspace has a new one, so that '
  'pseudonyms cannot be linked. Nothing records the person of a pseudonym.';
comment on column private.erasure_pseudonyms.voucher_id is
  'The audit entry that vouches for the redactions under this pseudonym; null when no entry had to change.';
comment on column private.erasure_pseudonyms.given_in is
  'The transaction that made the pseudonym: only it may write the pseudonym into billing events.';

create table private.audit_redactions (
  id bigint generated always as identity unique,
  workspace_id uuid not null,
  pseudonym uuid not null,
  entry_id bigint not null,
  entry_xid bigint not null,
  leaf bytea not null,
  redacted_leaf bytea not null,
  primary key (workspace_id, pseudonym, entry_id),
  constraint pseudonym_is_known foreign key (workspace_id, pseudonym)
    references private.erasure_pseudonyms (workspace_id, pseudonym) on delete cascade,
  constraint leaves_are_sha256 check (octet_length(leaf) = 32 and octet_length(redacted_leaf) = 32),
  constraint a_redaction_changes_something check (leaf <> redacted_leaf)
);
comment on table private.audit_redactions is
  'Each audit entry that an erasure rewrote: its leaf before and after. An entry that named two people has two rows, '
  'in order of id.';
comment on column private.audit_redactions.entry_xid is
  'The entry''s own transaction. With it the sealer finds the redactions of the entries that it seals.';
create index audit_redactions_entry on private.audit_redactions (workspace_id, entry_id);
create index audit_redactions_entry_xid on private.audit_redactions (entry_xid);

create function private.oldest_kept(log text)
returns date
language sql
stable
parallel safe
set search_path = ''
as $$
  select (date_trunc('month', now() at time zone 'utc') - make_interval(months => known.keep_months))::date
  from private.partitioned_logs as known where known.table_name = log;
$$;
comment on function private.oldest_kept(text) is 'The first day of a partitioned log that is within retention.';

create function private.audit_leaf(entry public.audit_log)
returns bytea
language plpgsql -- a SQL function is planned at each call
stable
set search_path = ''
as $$
begin
  return sha256(record_send(row(
    entry.id, entry.workspace_id, entry.occurred_at, entry.actor_id, entry.agent_id, entry.action::text,
    entry.subject_type::text,
    entry.subject_id::text, entry.detail::jsonb, entry.request_id::text, entry.occurred_on, entry.xid
  )));
end;
$$;
comment on function private.audit_leaf(public.audit_log) is
  'The leaf of one entry, the same as in private.audit_leaves.';

-- A security barrier: Postgres then evaluates the columns where it reads the rows, in the parallel workers, and not in
-- the leader after the sort (verification 2.2 times as fast on two cores).
create view private.audit_leaves with (security_barrier) as
select
  entry.workspace_id,
  entry.id,
  entry.xid,
  entry.occurred_on,
  date_trunc('month', entry.occurred_on)::date as month,
  sha256(record_send(row(
    entry.id, entry.workspace_id, entry.occurred_at, entry.actor_id, entry.agent_id, entry.action::text,
    entry.subject_type::text,
    entry.subject_id::text, entry.detail::jsonb, entry.request_id::text, entry.occurred_on, entry.xid
  ))) as leaf,
  entry.action = 'audit.redacted' as is_voucher
from public.audit_log as entry;
comment on view private.audit_leaves is
  'The SHA-256 of each entry''s fields in binary form (record_send): unambiguous, and the same on every machine. Cast '
  'to base types, because a domain''s oid differs between databases.';

create view private.redacted_leaves as
select step.workspace_id, step.entry_id, step.entry_xid,
  (array_agg(step.leaf order by step.id))[1] as leaf,
  -- Redactions of one entry must form a chain. If they do not, nothing matches, and the verifier sees the entry as it
  -- is.
  case when bool_and(step.follows) then (array_agg(step.redacted_leaf order by step.id desc))[1] end as redacted_leaf
from (
  select r.id, r.workspace_id, r.entry_id, r.entry_xid, r.leaf, r.redacted_leaf,
    coalesce(r.leaf = lag(r.redacted_leaf) over (partition by r.workspace_id, r.entry_id, r.entry_xid order by r.id),
      true) as follows
  from private.audit_redactions as r
  join private.erasure_pseudonyms as p on p.workspace_id = r.workspace_id and p.pseudonym = r.pseudonym
  where p.given_on >= private.oldest_kept('audit_log')
) as step
group by step.workspace_id, step.entry_id, step.entry_xid;
comment on view private.redacted_leaves is
  'For each redacted entry: the leaf as it was written, and the leaf that the entry must have now. Redactions past '
  'retention do not count: their voucher is gone, and so are the older entries that it covered.';

create function private.redaction_digest(in_workspace uuid, under uuid)
returns table (entries bigint, digest text)
language sql
stable
rows 1
set search_path = ''
as $$
  select count(*), encode(sha256(coalesce(string_agg(int8send(r.entry_id) || r.leaf || r.redacted_leaf, ''
    order by r.entry_id), '')), 'hex')
  from private.audit_redactions as r
  where r.workspace_id = in_workspace and r.pseudonym = under;
$$;
comment on function private.redaction_digest(uuid, uuid) is
  'The content of a voucher: how many entries were redacted under a pseudonym, and the SHA-256 of (id, leaf, redacted '
  'leaf) of each in order of id.';

-- The exceptions to append-only ---------------------------------------------------------------------------------------

create function private.refuse_all_but_redactions()
returns trigger
language plpgsql
volatile
security definer -- no caller has grants on the redactions
set search_path = ''
as $$
declare
  was bytea;
  becomes bytea;
begin
  -- The record comes first: a change passes if it equals, bit by bit, a recorded redaction.
  if tg_op = 'UPDATE' then
    was := private.audit_leaf(row(old.id, old.workspace_id, old.occurred_at, old.actor_id, old.agent_id, old.action,
      old.subject_type,
      old.subject_id, old.detail, old.request_id, old.occurred_on, old.xid)::public.audit_log);
    becomes := private.audit_leaf(row(new.id, new.workspace_id, new.occurred_at, new.actor_id, new.agent_id, new.action,
      new.subject_type,
      new.subject_id, new.detail, new.request_id, new.occurred_on, new.xid)::public.audit_log);
  end if;
  if tg_op = 'UPDATE' and exists (
    select from private.audit_redactions as r
    where r.workspace_id = old.workspace_id and r.entry_id = old.id and r.leaf = was and r.redacted_leaf = becomes
  ) then
    return new;
  end if;
  perform private.raise_error('append_only', 'Entries of this log are never changed or removed.', 403);
  return null;
end;
$$;
comment on function private.refuse_all_but_redactions() is
  'Trigger of audit_log: append_only (403) for every change that is not in private.audit_redactions, and for every '
  'deletion.';
create or replace trigger refuse_change before update or delete on public.audit_log
  for each row execute function private.refuse_all_but_redactions();

create function private.refuse_all_but_pseudonyms()
returns trigger
language plpgsql
volatile
security definer -- no caller has grants on the pseudonyms
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - '{user_id,request_id}'::text[] = to_jsonb(old) -
    '{user_id,request_id}'::text[]
    and exists (
      select from private.erasure_pseudonyms as p
      where p.workspace_id = old.workspace_id and p.given_in = pg_current_xact_id()::text::bigint
        and (new.user_id = p.pseudonym or new.user_id is not distinct from old.user_id)
    ) then
    return new;
  end if;
  perform private.raise_error('append_only', 'Entries of this log are never changed or removed.', 403);
  return null;
end;
$$;
comment on function private.refuse_all_but_pseudonyms() is
  'Trigger of billing_events: append_only (403) for every deletion, and for every change except one: a person may be '
  'replaced by the pseudonym that the same transaction made.';
create or replace trigger refuse_change before update or delete on public.billing_events
  for each row execute function private.refuse_all_but_pseudonyms();
