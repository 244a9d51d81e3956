-- Proven addresses: how far an account's claim to its address is trusted.
--
-- Touches: private.has_confirmed_address (the check), private.places_of (the workspaces where an address counts),
--          private.path_id.
-- Beware:  Auth assigns ids, so an id always belongs to its account. An address is only typed by a user. There are
--          three levels. Unconfirmed: it counts for nothing (it is not even in profiles.email). Confirmed: it counts
--          where the account is or was a member. Proven, by an answered mail or by another provider: it also counts
--          where it was invited. A project that confirms every address without a mail (enable_confirmations = false)
--          never reaches the third level, so there no user can reach another tenant by an address.

create function private.has_confirmed_address(person uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from auth.users as account
    where account.id = person and account.email <> '' and account.email_confirmed_at is not null
      and (
        -- A link was mailed, and followed later. If Auth confirms by itself, it mails none.
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
comment on function private.has_confirmed_address(uuid) is
  'Whether the account proved that it owns its address: it followed a mailed link, or signs in with a provider that '
  'vouches for the address.';

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
    where entry.actor_id = person
    union
    select named.workspace_id from private.audit_words as named
    where lower(named.subject_id) = person::text and named.subject_type = 'member'
    union
    select event.workspace_id from public.billing_events as event where event.user_id = person
    union
    select offered.workspace_id from public.invitations as offered
    where is_proven and lower(offered.email) = lower(address)
  ) as place;
$$;
comment on function private.places_of(uuid, text, boolean) is
  'The workspaces where a person''s address counts: where they are a member, acted or were billed, and, if the address '
  'is proven, where it was invited.';

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
  'The id at a position (from 1) of an object''s path; null without one. Never raises.';
grant execute on function private.path_id(text, integer) to authenticated, service_role;
