begin;
\ir ../../world.psql
select plan(13);

select is(
  (select string_agg(tests.try_as(who, $$select public.invite_member(tests.id('north'), 'new@tests.example')$$), ' '
    order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'guest', 'member', 'admin',
     'owner']) with ordinality as actors (who, place)),
  'no not_signed_in not_found not_found not_found yes yes',
  'anonymous, stranger, outsider, guest, member, admin, owner: who invites'
);
select tests.authenticate_as('admin');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'x@tests.example', 'owner')$$),
  '403 owner_only', 'an admin invites no owner');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'x@tests.example', 'admin')$$), 'ok',
  'an admin invites an admin');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'MEMBER@tests.example')$$),
  '409 already_member', 'who is in is not invited');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'clerk@tests.example')$$), 'ok',
  'who is elsewhere is');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'no address')$$), '422 invalid_value',
  'an address looks like one');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'x@tests.example', 'emperor')$$),
  '422 invalid_value',
  'a role is one of four');
select is(tests.answer_of($$select public.invite_member(tests.id('south'), 'x@tests.example')$$), '404 not_found',
  'into another workspace one does not invite');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'x@tests.example', 'owner')$$), 'ok',
  'an owner invites an owner');
select is(
  (select array_agg(email order by email) from public.invitations where status = 'pending'),
  array['clerk@tests.example', 'x@tests.example'],
  'an address has one pending invitation'
);
select tests.authenticate_as('member');
select is_empty('select id from public.invitations', 'a member sees none');
select tests.authenticate_as('database');
select is(
  (select string_agg(tests.try_as(who, format('select public.revoke_invitation(%L)', invitation.id)), ' '
    order by place)
   from unnest(array['outsider', 'guest', 'member', 'admin']) with ordinality as actors (who, place)),
  'not_found not_found not_found yes',
  'outsider, guest, member, admin: who revokes'
)
from (select id from public.invitations where email = 'x@tests.example' and status = 'pending') as invitation;
update public.workspaces set deleted_at = now() where id = tests.id('north');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.invite_member(tests.id('north'), 'y@tests.example')$$), '404 not_found',
  'into a deleted workspace nobody is invited');

select * from finish();
rollback;
