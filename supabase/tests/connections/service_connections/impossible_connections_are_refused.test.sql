begin;
\ir ../../world.psql
\ir ../connections.psql
select plan(15);

create function pg_temp.try(columns text, vals text) returns text language sql as $$
  select tests.answer_of(format('insert into public.service_connections (workspace_id, user_id, provider, %s) values '
    '(%L, %L, %L, %s)', columns, tests.id('north'), tests.id('member'), 'mail', vals));
$$;
select is(pg_temp.try('access_secret_id', 'gen_random_uuid()'), 'ok', 'a living connection has a token');
select is(pg_temp.try('account', '''a'''), '23514', 'not without');
select is(pg_temp.try('status, access_secret_id, account', '''revoked'', gen_random_uuid(), ''a'''), '23514',
  'a dead one has none');
select is(pg_temp.try('status, refresh_secret_id, account', '''expired'', gen_random_uuid(), ''a'''), '23514',
  'nor something to renew it by');
select is(pg_temp.try('status, access_secret_id, account', '''failed'', gen_random_uuid(), ''a'''), '23514',
  'a failure says why');
select is(pg_temp.try('status, access_secret_id, account, last_error',
  '''failed'', gen_random_uuid(), ''a'', ''answered 503'''), 'ok', 'as this one does');
select is(pg_temp.try('access_secret_id', 'gen_random_uuid()'), '23505',
  'one connection per account, also when the account is not known');
select is(tests.answer_of(format('insert into public.service_connections (workspace_id, user_id, provider, '
  'access_secret_id) values (%L, %L, %L, gen_random_uuid())', tests.id('south'), tests.id('member'), 'mail')), '23503',
  'a person connects in workspaces of theirs');

create function pg_temp.provider(url text) returns text language sql as $$
  select tests.answer_of(format('insert into public.connection_providers (name, display_name, authorize_url, '
    'token_url, client_id) values (%L, %L, %L, %L, %L)', 'p' || md5(url), 'P', url, 'https://p.example/t', 'us'));
$$;
select is(pg_temp.provider('https://p.example/a'), 'ok', 'a provider is at https');
select is(pg_temp.provider('http://127.0.0.1:7/a'), 'ok', 'or on the operator''s own machine');
select is(pg_temp.provider('http://p.example/a'), '23514', 'not at http elsewhere');
select is(pg_temp.provider('http://127.0.0.1.evil.example/a'), '23514', 'nor at what looks like it');
select is(pg_temp.provider('javascript:alert(1)'), '23514', 'nor nowhere');
select is(tests.answer_of($$update public.connection_providers set client_authentication = 'none', uses_pkce = false$$),
  '23514', 'a client without a secret uses PKCE');
select is(tests.answer_of($$delete from public.connection_providers where name = 'mail'$$), '23503',
  'a provider with connections is not removed');

select * from finish();
rollback;
