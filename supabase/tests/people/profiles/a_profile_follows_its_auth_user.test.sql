begin;
\ir ../../world.psql
select plan(14);

insert into auth.users (id, email, raw_user_meta_data, email_confirmed_at) values
  (tests.id('named'), 'named@tests.example', '{"display_name": "Nam Ed", "role": "owner"}', now());
insert into auth.users (id, email, raw_user_meta_data) values
  (tests.id('unnamed'), 'un.named@tests.example', '{}'),
  (tests.id('long'), 'long@tests.example', jsonb_build_object('display_name', repeat('x', 500))),
  (tests.id('odd'), 'odd@tests.example', '["not", "an", "object"]');
select results_eq(
  $$select email, display_name from public.profiles where user_id = tests.id('named')$$,
  $$values ('named@tests.example', 'Nam Ed')$$,
  'signing up makes the profile, with the suggested name'
);
select is((select email from public.profiles where user_id = tests.id('unnamed')), null,
  'an address that nobody confirmed is nobody''s');
select is((select display_name from public.profiles where user_id = tests.id('unnamed')), 'un.named',
  'without one the name is the address''s first part');
select is((select length(display_name) from public.profiles where user_id = tests.id('long')), 200,
  'a name that is too long is cut and does not stop the sign-up');
select is((select display_name from public.profiles where user_id = tests.id('odd')), 'odd',
  'metadata of another form does not stop it either');
select results_eq(
  $$select email, display_name from public.profiles where user_id = tests.id('nameless')$$,
  $$values (null::text, 'Nameless')$$,
  'a guest has a profile too, without an address'
);
insert into auth.users (id, is_anonymous) values (tests.id('blank'), true);
select results_eq(
  $$select email, display_name from public.profiles where user_id = tests.id('blank')$$,
  $$values (null::text, null::text)$$,
  'a guest who says nothing has neither name nor address'
);

update public.profiles set display_name = 'Chosen' where user_id = tests.id('named');
update auth.users set email = 'renamed@tests.example' where id = tests.id('named');
select results_eq(
  $$select email, display_name from public.profiles where user_id = tests.id('named')$$,
  $$values ('renamed@tests.example', 'Chosen')$$,
  'a changed address arrives in the profile, a chosen name stays'
);
update auth.users set email = 'known@tests.example' where id = tests.id('nameless');
select is((select email from public.profiles where user_id = tests.id('nameless')), null,
  'a guest who gives an address does not have it yet');
update auth.users set email_confirmed_at = now() where id = tests.id('nameless');
select is((select email from public.profiles where user_id = tests.id('nameless')), 'known@tests.example',
  'a guest who confirms it has it in the profile');
update auth.users set raw_user_meta_data = '{"display_name": "Forged"}' where id = tests.id('named');
select is((select display_name from public.profiles where user_id = tests.id('named')), 'Chosen',
  'metadata that changes later changes nothing');

delete from auth.users where id = tests.id('named');
select is_empty($$select from public.profiles
  where user_id = tests.id('named')$$, 'with the auth user the profile goes');

select tests.authenticate_as('member');
select is(tests.answer_of($$update public.profiles set email = 'boss@tests.example'
  where user_id = tests.id('member')$$), '42501', 'nobody writes an address past auth.users');
select results_eq(
  $$update public.profiles set display_name = 'Me' where user_id = tests.id('member')
  returning display_name, updated_at = now()$$,
  $$values ('Me', true)$$,
  'one''s own name one changes, and updated_at follows'
);

select * from finish();
rollback;
