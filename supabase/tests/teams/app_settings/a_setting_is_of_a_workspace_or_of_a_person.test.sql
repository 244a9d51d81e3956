begin;
\ir ../../world.psql
select plan(10);

select tests.authenticate_as('admin');
create function pg_temp.set(workspace text, person text, key text, value text default '1') returns text
  language sql as $$
  select tests.answer_of(format('insert into public.app_settings (workspace_id, user_id, key, value) values (%L, %L, '
    '%L, %L)', tests.id(workspace), tests.id(person), key, value));
$$;
select is(pg_temp.set('north', null, 'theme'), 'ok', 'an admin sets for the workspace');
select is(pg_temp.set(null, 'admin', 'theme'), 'ok', 'and for themselves, under the same key');
select is(pg_temp.set('north', null, 'theme'), '23505', 'once for each');
select is(pg_temp.set(null, 'admin', 'theme'), '23505', 'of the two');
select is(pg_temp.set('north', 'admin', 'other'), '422 invalid_value', 'never for both in one');
select is(pg_temp.set(null, 'member', 'theme'), '42501', 'nor for a colleague');
select is(pg_temp.set(null, 'admin', 'not a key'), '422 invalid_value', 'a key is a dotted word');
select is(pg_temp.set(null, 'admin', 'long', to_jsonb(repeat('x', 65534))::text), 'ok', 'a value may be 64 KiB long');
select is(pg_temp.set(null, 'admin', 'longer', to_jsonb(repeat('x', 65535))::text), '422 invalid_value', 'not longer');
select is(tests.answer_of($$update public.app_settings set workspace_id = null, user_id = null$$), '42501',
  'whose it is does not change');

select * from finish();
rollback;
