begin;
\ir ../../world.psql
select plan(26);

create temporary table kept (name text primary key, invitation_id uuid, token text) on commit drop;
grant select, insert on kept to authenticated;

select tests.authenticate_as('admin');
insert into kept select 'first', invitation_id, token
from public.invite_member(tests.id('north'), ' Newcomer@Tests.Example ', 'member');
select results_eq(
  $$select email, role, status, expires_at = now() + interval '7 days', invited_by from public.invitations$$,
  $$values ('newcomer@tests.example', 'member', 'pending', true, tests.id('admin'))$$,
  'an admin invites an address, for a week'
);
select matches((select token from kept), '^[0-9a-f]{64}$', 'the token is 64 random hex digits');
select is(tests.answer_of('select token_hash from public.invitations'), '42501', 'its hash is not shown');
select tests.authenticate_as('database');
select results_eq(
  $$select token_hash from public.invitations where workspace_id = tests.id('north')$$, $$select sha256(token::bytea)
  from kept$$,
  'the table keeps only the hash of the token'
);

select tests.authenticate_as('clerk');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'first'))$$),
  '403 invitation_for_another',
  'another person does not get in with it'
);
select tests.authenticate_as('nameless');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'first'))$$),
  '403 invitation_for_another',
  'nor someone without an address'
);
select tests.authenticate_as('stranger');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'first'))$$),
  '401 not_signed_in',
  'nor a token without a subject'
);
select tests.authenticate_as('newcomer');
select is(tests.answer_of($$select public.accept_invitation(repeat('0', 64))$$), '404 invitation_invalid',
  'a token that was never given is none');
select is(tests.answer_of($$select public.accept_invitation(null)$$), '404 invitation_invalid', 'nor is no token');
select is_empty($$select from public.members$$, 'nobody has joined yet');
select is(public.accept_invitation((select token from kept where name = 'first')), tests.id('north'),
  'the invited person joins');
select results_eq(
  $$select role, invited_by from public.members
  where user_id = tests.id('newcomer')$$, $$values ('member', tests.id('admin'))$$,
  'with the invited role, and it is known who invited'
);
select is(public.accept_invitation((select token from kept where name = 'first')), tests.id('north'),
  'accepting twice is accepting once');
select is((select count(*)::integer from public.members where user_id = tests.id('newcomer')), 1, 'one membership');

select tests.authenticate_as('admin');
select is((select status from public.invitations where id = (select invitation_id from kept)), 'accepted',
  'it is over');
delete from public.members where user_id = tests.id('newcomer');
select tests.authenticate_as('newcomer');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'first'))$$),
  '404 invitation_invalid',
  'who was removed does not come back with the old token'
);

select tests.authenticate_as('admin');
insert into kept select 'second', invitation_id, token
from public.invite_member(tests.id('north'), 'newcomer@tests.example');
insert into kept select 'third', invitation_id, token
from public.invite_member(tests.id('north'), 'newcomer@tests.example', 'guest');
select tests.authenticate_as('newcomer');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'second'))$$),
  '404 invitation_invalid',
  'a newer invitation ends the earlier one'
);
select tests.authenticate_as('admin');
select is((select status from public.invitations where id = (select invitation_id from kept where name = 'second')),
  'revoked', 'which is called revoked');
select is(tests.answer_of($$select public.revoke_invitation((select invitation_id from kept where name = 'third'))$$),
  'ok', 'an admin revokes one');
select is(
  tests.answer_of($$select public.revoke_invitation((select invitation_id from kept where name = 'third'))$$),
  '404 not_found', 'once'
);
select tests.authenticate_as('newcomer');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'third'))$$),
  '404 invitation_invalid',
  'a revoked one lets nobody in'
);

select tests.authenticate_as('admin');
insert into kept select 'fourth', invitation_id, token
from public.invite_member(tests.id('north'), 'newcomer@tests.example');
select tests.authenticate_as('database');
update public.invitations set expires_at = now() where id = (select invitation_id from kept where name = 'fourth');
select tests.authenticate_as('newcomer');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'fourth'))$$),
  '404 invitation_invalid',
  'at its expiry it is over'
);
select tests.authenticate_as('database');
update public.invitations set expires_at = now() + interval '1 second'
where id = (select invitation_id from kept where name = 'fourth');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select tests.authenticate_as('newcomer');
select is(
  tests.answer_of($$select public.accept_invitation((select token from kept where name = 'fourth'))$$),
  '404 invitation_invalid',
  'into a deleted workspace nobody comes'
);
select tests.authenticate_as('database');
update public.workspaces set deleted_at = null where id = tests.id('north');
insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('newcomer'), 'admin');
select tests.authenticate_as('newcomer');
select is(public.accept_invitation((select token from kept where name = 'fourth')), tests.id('north'),
  'who came in another way meanwhile may accept');
select is((select role from public.members where user_id = tests.id('newcomer')), 'admin',
  'and keeps the role they have');
select is(
  tests.answer_of($$select public.revoke_invitation((select invitation_id from kept where name = 'fourth'))$$),
  '404 not_found',
  'what was accepted is not revoked'
);

select * from finish();
rollback;
