-- Their token says is_anonymous until it is renewed; what the account is, the account says.
begin;
\ir ../../world.psql
select plan(4);

create function tests.makes(slug text) returns text language sql as $$
  select tests.answer_of(format('select public.create_workspace(''New'', %L)', slug));
$$;
select tests.authenticate_as('nameless');
select is(tests.makes('tests-guest'), '403 anonymous_person', 'a guest makes no workspace');
select tests.authenticate_as('database');
update auth.users set email = 'known@tests.example', email_confirmed_at = now(), is_anonymous = false
where id = tests.id('nameless');
select tests.authenticate_as('nameless');
select is(private.jwt_claims() ->> 'is_anonymous', 'true', 'with a token of the time before');
select is(tests.makes('tests-known'), 'ok', 'who became known does');
-- And a token that does not say it makes nobody known.
select tests.authenticate_as('database');
update auth.users set is_anonymous = true where id = tests.id('newcomer');
select tests.authenticate_as('newcomer');
select is(tests.makes('tests-claimed'), '403 anonymous_person', 'a guest whose token keeps silent is a guest');

select * from finish();
rollback;
