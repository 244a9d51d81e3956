-- Proven addresses: how far an account is believed to be whose address it names.
--
-- Touches: private.has_proven_address, private.places_of, private.path_id.
-- Beware:  an id is given by Auth and is always the account's own. An address is what somebody typed. Three steps:
--          unconfirmed, it counts for nothing (it is not even in profiles.email); confirmed, it counts where the
--          account belongs or belonged; proven, by a mail that was answered or by another provider's word, it counts as
--          well where somebody invited it. A project that confirms whatever is typed (enable_confirmations = false)
--          never gets to the third step, and there nobody reaches another tenant by an address.

create function private.has_proven_address(person uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from auth.users as account
    where account.id = person and account.email <> '' and account.email_confirmed_at is not null
      and (
        -- A link was mailed, and followed later. Where Auth confirms by itself it mails none.
        account.confirmation_sent_at <= account.email_confirmed_at
        or account.invited_at <= account.email_confirmed_at
        or exists (
          select from auth.identities as identity
          where identity.user_id = account.id and identity.provider <> 'email'
            and lower(identity.identity_data ->> 'email') = lower(account.email)
              and identity.identity_data ->> 'email_verified' = 'true'
        )
      )
  );
$$;
comment on function private.has_proven_address(uuid) is
  'Whether the account showed that its address is its own: it followed a link that was mailed there, or signs in with '
  'a provider that says so.';

create function private.places_of(person uuid, address text, is_proven boolean)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select coalesce(array_agg(place.id order by place.id), '{}') from (
    select member.workspace_id as id from public.members as member where member.user_id = person
    union
    select entry.workspace_id from public.audit_log as entry
    where entry.actor_id = person or (entry.subject_type = 'member' and entry.subject_id = person::text)
    union
    select event.workspace_id from public.billing_events as event where event.user_id = person
    union
    select offered.workspace_id from public.invitations as offered where is_proven and offered.email = lower(address)
  ) as place;
$$;
comment on function private.places_of(uuid, text, boolean) is
  'The workspaces where a person''s address counts: where they belong, acted or were billed, and, once it is proven, '
  'where it was invited. Reads the logs from one end to the other.';

create function private.path_id(name text, place integer)
returns uuid
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  part text := pg_catalog.split_part(name, '/', place);
begin
  return case when pg_catalog.pg_input_is_valid(part, 'uuid') then part::uuid end;
end;
$$;
comment on function private.path_id(text, integer) is
  'The id at a place (from 1) of an object''s name; null when there is none. Never raises.';
grant execute on function private.path_id(text, integer) to authenticated, service_role;
