-- Redacting: a person is replaced by a pseudonym in the audit log and in billing events.
--
-- Touches: private.redacted_text, text_names (one text), redacted_entry (one entry), private.audit_words, naming,
--          person_patterns (which rows may name a person), redact_audit_log, redact_billing_events (a workspace's).
-- Beware:  it reads only rows that may name the person, by an index on their words, and changes only those that do. The
--          triggers of the chapter before refuse every other change.

create function private.redacted_text(value text, person uuid, address text, pseudonym text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  if strpos(lower(value), person::text) > 0 then
    value := regexp_replace(value, person::text, pseudonym, 'gi');
  end if;
  -- Replace an address only as a whole: ann@a.example is not part of joann@a.example.
  if address <> '' and strpos(lower(value), lower(address)) > 0 then
    value := regexp_replace(value,
      '(?<![[:alnum:]._%+-])' || regexp_replace(address, '([^[:alnum:]@_-])', '\\\1', 'g') ||
        '(?![[:alnum:]_-]|\.[[:alnum:]])', 'erased', 'gi');
  end if;
  return value;
end;
$$;
comment on function private.redacted_text(text, uuid, text, text) is
  'A text without the person: the pseudonym replaces their id, the word `erased` their address. JSON stays JSON.';

create function private.text_names(value text, person uuid, address text)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select coalesce(strpos(lower(value), person::text) > 0
    or (address <> '' and strpos(lower(value), lower(address)) > 0), false);
$$;
comment on function private.text_names(text, uuid, text) is
  'Whether a text may name a person: it contains their id or their address, perhaps as part of a longer one.';

create function private.person_patterns(person uuid, address text)
returns text[]
language sql
immutable
parallel safe
set search_path = ''
as $$
  select array_remove(array['%' || person || '%',
    '%' || regexp_replace(nullif(lower(address), ''), '([\\%_])', '\\\1', 'g') || '%'], null);
$$;
comment on function private.person_patterns(uuid, text) is
  'The same test for long scans: `words like any (patterns)`, without a function call per row.';

create view private.audit_words as
select entry.workspace_id, entry.id, entry.occurred_on, entry.actor_id, entry.subject_type::text,
  entry.subject_id::text,
  private.names_beside(entry.subject_id::text, entry.request_id::text, entry.detail::text) as names,
  lower(concat_ws(' ', entry.subject_id::text, entry.request_id::text, entry.detail::text)) as words
from public.audit_log as entry;
comment on view private.audit_words is
  'All texts of an audit entry: every field besides actor_id that may name a person, and the names in them.';

create function private.naming(names text, words text, address text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case
    when address <> '' and private.names_in(address) is null then format('%s like any ($2)', words)
    else format('%s && $1 and %s like any ($2)', names, words) end;
$$;
comment on function private.naming(text, text, text) is
  'The condition that finds a person in texts. $1: their id and the names in their address, by the index; $2: '
  'private.person_patterns. names and words: expressions. An address that is no usual one is in no index: all is read.';

create function private.redacted_entry(entry public.audit_log, person uuid, address text, pseudonym uuid)
returns public.audit_log
language plpgsql
immutable
set search_path = ''
as $$
begin
  entry.actor_id := case when entry.actor_id = person then pseudonym else entry.actor_id end;
  entry.subject_id := left(private.redacted_text(entry.subject_id, person, address, pseudonym::text), 200);
  entry.request_id := left(private.redacted_text(entry.request_id, person, address, pseudonym::text), 200);
  entry.detail := private.redacted_text(entry.detail::text, person, address, pseudonym::text)::jsonb;
  return entry;
end;
$$;
comment on function private.redacted_entry(public.audit_log, uuid, text, uuid) is
  'An audit entry in its form after an erasure.';

create function private.redact_audit_log(in_workspace uuid, person uuid, address text, pseudonym uuid)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  voucher bigint := nextval('public.audit_log_id_seq');
  vouched record;
  n bigint;
begin
  execute format($record$
    insert into private.audit_redactions (workspace_id, pseudonym, entry_id, entry_xid, leaf, redacted_leaf)
    with named as materialized (
      select found.workspace_id, found.id, found.occurred_on from private.audit_words as found
      where found.workspace_id = $3
        and (found.actor_id = $4 or lower(found.subject_id) = $4::text or %s)
    ), change as materialized (
      select entry.id, entry.xid, private.audit_leaf(entry) as leaf,
        private.audit_leaf(private.redacted_entry(entry, $4, $5, $6)) as redacted_leaf
      from named join public.audit_log as entry on entry.workspace_id = named.workspace_id and entry.id = named.id
        and entry.occurred_on = named.occurred_on
    )
    select $3, $6, change.id, change.xid, change.leaf, change.redacted_leaf
    from change where change.leaf <> change.redacted_leaf order by change.id
  $record$, private.naming('found.names', 'found.words', address))
  using array[person::text] || private.names_in(address), private.person_patterns(person, address), in_workspace,
    person, address, redact_audit_log.pseudonym;
  get diagnostics n = row_count;
  if n = 0 then
    return 0;
  end if;
  update private.erasure_pseudonyms as p set voucher_id = voucher
  where p.workspace_id = in_workspace and p.pseudonym = redact_audit_log.pseudonym;
  update public.audit_log as entry
  set (actor_id, subject_id, detail, request_id) = (
    select redacted.actor_id, redacted.subject_id, redacted.detail, redacted.request_id
    from private.redacted_entry(entry, person, address, redact_audit_log.pseudonym) as redacted)
  from private.audit_redactions as r
  where r.workspace_id = in_workspace and r.pseudonym = redact_audit_log.pseudonym
    and entry.workspace_id = in_workspace and entry.id = r.entry_id;
  select * into vouched from private.redaction_digest(in_workspace, redact_audit_log.pseudonym);
  insert into public.audit_log (id, workspace_id, action, subject_type, subject_id, detail)
  overriding system value
  values (voucher, in_workspace, 'audit.redacted', 'pseudonym', redact_audit_log.pseudonym::text,
    jsonb_build_object('entries', vouched.entries, 'digest', vouched.digest));
  return vouched.entries;
end;
$$;
comment on function private.redact_audit_log(uuid, uuid, text, uuid) is
  'Replaces the person (their id or address, in any field) in every entry of a workspace by the pseudonym, which must '
  'be in erasure_pseudonyms. Records each redaction and writes the voucher. Returns how many. Reads the entries that '
  'name the person.';

create function private.redact_billing_events(in_workspace uuid, person uuid, address text, pseudonym uuid)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  changed bigint;
begin
  execute format($redact$
    update public.billing_events as event set
      user_id = case when event.user_id = $4 then $6 else event.user_id end,
      request_id = left(private.redacted_text(event.request_id, $4, $5, $6::text), 200)
    where event.workspace_id = $3
      and (event.user_id = $4 or event.request_id is not null and %s)
  $redact$, private.naming('private.names_in(event.request_id)', 'lower(event.request_id)', address))
  using array[person::text] || private.names_in(address), private.person_patterns(person, address), in_workspace,
    person, address, redact_billing_events.pseudonym;
  get diagnostics changed = row_count;
  return changed;
end;
$$;
comment on function private.redact_billing_events(uuid, uuid, text, uuid) is
  'The same for billing events: the amounts stay, the person is replaced. Returns how many. Billing events have no '
  'seals.';
