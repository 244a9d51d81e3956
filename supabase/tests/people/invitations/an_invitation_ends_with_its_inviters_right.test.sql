-- The attack: an admin invites a second address of theirs, is removed, and comes back with it as an admin.
begin;
\ir ../../world.psql
select plan(15);

create temporary table kept (name text primary key, token text) on commit drop;
grant select, insert on kept to authenticated;
create function tests.accepts(who text, name text) returns text language sql as $$
  select tests.authenticate_as(who);
  select tests.answer_of(format('select public.accept_invitation(%L)',
    (select token from kept where kept.name = accepts.name)));
$$;

select tests.authenticate_as('database');
select tests.add_person('second', 'second@tests.example'), tests.add_person('third', 'third@tests.example');
insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('newcomer'), 'admin');

-- Removed
select tests.authenticate_as('newcomer');
insert into kept select 'removed', token from public.invite_member(tests.id('north'), 'second@tests.example', 'admin');
select tests.authenticate_as('admin');
insert into kept select 'stays', token from public.invite_member(tests.id('north'), 'third@tests.example', 'admin');
delete from public.members where user_id = tests.id('newcomer');
select results_eq($$select email, status from public.invitations order by email$$,
  $$values ('second@tests.example', 'revoked'), ('third@tests.example', 'pending')$$,
    'with a removed admin go their invitations, and nobody else''s');
select is(tests.accepts('second', 'removed'), '404 invitation_invalid',
  'the removed admin''s second address does not come in');
select is(tests.accepts('third', 'stays'), 'ok', 'whom somebody invited who is still an admin does');

-- Demoted
select tests.authenticate_as('owner');
update public.members set role = 'owner' where user_id = tests.id('admin');
select tests.authenticate_as('admin');
insert into kept select 'an owner', token from public.invite_member(tests.id('north'), 'second@tests.example', 'owner');
insert into kept select 'an admin', token
from public.invite_member(tests.id('north'), 'newcomer@tests.example', 'admin');
select tests.authenticate_as('owner');
update public.members set role = 'admin' where user_id = tests.id('admin');
select is(tests.accepts('second', 'an owner'), '404 invitation_invalid',
  'a demoted owner''s invitation makes no owner');
select is(tests.accepts('newcomer', 'an admin'), 'ok', 'what an admin may give as well still holds');
select tests.authenticate_as('admin');
insert into kept select 'a guest', token from public.invite_member(tests.id('north'), 'clerk@tests.example', 'guest');
select tests.authenticate_as('owner');
update public.members set role = 'member' where user_id = tests.id('admin');
select is(tests.accepts('clerk', 'a guest'), '404 invitation_invalid',
  'of somebody who invites nobody any more nothing holds');

-- Left, and handed on
select tests.authenticate_as('newcomer');
insert into kept select 'left', token from public.invite_member(tests.id('north'), 'clerk@tests.example', 'guest');
select public.leave_workspace(tests.id('north'));
select is(tests.accepts('clerk', 'left'), '404 invitation_invalid', 'nor of somebody who left');
select tests.authenticate_as('owner');
insert into kept select 'handed on', token
from public.invite_member(tests.id('north'), 'second@tests.example', 'owner');
select public.transfer_ownership(tests.id('north'), tests.id('third'));
select is(tests.accepts('second', 'handed on'), '404 invitation_invalid', 'nor an owner''s who handed ownership on');

-- Whatever way the right went: asked when it is accepted, not only told when it goes.
select tests.authenticate_as('third');
insert into kept select 'silent', token from public.invite_member(tests.id('north'), 'second@tests.example', 'member');
select tests.authenticate_as('database');
update public.members set role = 'owner' where user_id = tests.id('owner');
alter table public.members disable trigger end_invitations_on_removal;
delete from public.members where user_id = tests.id('third');
select is((select status from public.invitations where role = 'member' and email = 'second@tests.example'), 'pending',
  'an invitation that nobody revoked');
select is(tests.accepts('second', 'silent'), '404 invitation_invalid', 'is worth nothing without its inviter');
select tests.authenticate_as('database');
insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('third'), 'owner');
select is(tests.accepts('second', 'silent'), 'ok', 'and is worth it with them');

-- Addresses
select tests.authenticate_as('database');
insert into auth.users (id, email) values (tests.id('pretender'), 'promised@tests.example');
select tests.authenticate_as('third');
insert into kept select 'promised', token
from public.invite_member(tests.id('north'), 'promised@tests.example', 'member');
select is(tests.accepts('pretender', 'promised'), '403 address_not_confirmed',
  'an address that nobody confirmed accepts nothing');
select is(tests.accepts('newcomer', 'promised'), '403 invitation_for_another', 'another address neither');
select tests.authenticate_as('database');
select is((select email from public.profiles where user_id = tests.id('pretender')), null,
  'nor is it shown to colleagues as theirs');
update auth.users set email_confirmed_at = now() where id = tests.id('pretender');
select is(tests.accepts('pretender', 'promised'), 'ok', 'confirmed, it does');

select * from finish();
rollback;
