-- Made, made again, revoked, removed: the vault has exactly the secrets that rows name.
begin;
\ir ../../world.psql
\ir ../connections.psql
select plan(14);

create temporary table made on commit drop as select pg_temp.connect('member', 'mail') as id;
select is(pg_temp.secrets(), array['access-1', 'refresh-1'], 'both tokens are in the vault');
select is_empty(
  $$select from public.service_connections as c where c::text ~ '(access|refresh)-1' union all select
  from public.audit_log as a where a::text ~ '(access|refresh)-1'$$,
  'and neither in the row nor in the log'
);
select is(
  private.store_connection(gen_random_uuid(), tests.id('member'), tests.id('north'), 'mail', null, '{read}', 'access-2',
    null, null),
  (select id from made), 'the same account again is the same connection'
);
select is(pg_temp.secrets(), array['access-2', 'refresh-1'],
  'its secrets are written over; a refresh token that is not given again stays');

-- Who reads: nobody but the tables' owner.
select tests.authenticate_as('member');
select is((select count(*) from public.service_connections where user_id = tests.id('member')), 1::bigint,
  'the person sees the connection');
select is(tests.answer_of('select decrypted_secret from vault.decrypted_secrets'), '42501', 'and not the vault');
select is(tests.answer_of(format('select * from private.read_connection_token(%L, %L)',
  (select id from public.service_connections limit 1), 'mine')), '42501', 'nor through the reader');
select tests.authenticate_as('service');
select is(tests.answer_of(format('select * from private.read_connection_token(%L, %L)',
  (select id from public.service_connections limit 1), 'x')), '42501', 'nor does the secret key by the Data API');
select tests.authenticate_as('database');

-- The provider took it back.
select lease into temporary held from private.begin_renewal((select id from made), 'testing', interval '100 years');
select is(private.fail_renewal((select id from made), (select lease from held), 'invalid_grant', true), 'revoked',
  'a revoked grant');
select is(pg_temp.secrets(), null, 'leaves nothing in the vault');
select is(
  (select array[status, last_error] from public.service_connections where id = (select id from made)),
    array['revoked', 'invalid_grant'], 'and says why'
);

select public.set_provider_secret('mail', 'client-1');
select public.set_provider_secret('mail', 'client-2');
select is(pg_temp.secrets(), array['client-2'], 'a client secret replaces the former');
select public.set_provider_secret('mail', null);
select is(pg_temp.secrets(), null, 'and goes when it is taken out');
select is(tests.answer_of($$select public.set_provider_secret('nowhere', 'x')$$), '404 not_found',
  'a provider that is not there has none');

select * from finish();
rollback;
