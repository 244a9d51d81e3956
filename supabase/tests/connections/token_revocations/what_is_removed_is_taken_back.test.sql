-- However a connection goes, its tokens are taken back at the provider, and are in the vault no longer than that takes.
begin;
\ir ../../world.psql
\ir ../connections.psql
select plan(17);

create temporary table made on commit drop as select pg_temp.connect('member', 'mail') as id;
select tests.authenticate_as('admin');
delete from public.service_connections;
select tests.authenticate_as('member');
select is((select count(*) from public.service_connections), 1::bigint,
  'an admin does not remove a colleague''s connection');
delete from public.service_connections;
select tests.authenticate_as('database');
select is((select count(*) from public.service_connections), 0::bigint, 'its person does, by the Data API');
select is(pg_temp.secrets(), array['access-1', 'refresh-1'], 'the tokens wait in the vault');
select is((select actor_id from public.audit_log
  where action = 'connection.removed' and subject_id = (select id::text from made)), tests.id('member'),
  'the log says who');

select * into temporary begun from private.begin_revocations(10);
select results_eq('select revoke_url, access_token, refresh_token from begun',
  $$values ('https://mail.example/revoke', 'access-1', 'refresh-1')$$, 'they are taken to the provider');
select is_empty('select from private.begin_revocations(10)', 'by one caller');
select is(private.finish_revocation((select id from begun), gen_random_uuid()), 'overtaken',
  'another lease ends nothing');
select is(private.finish_revocation((select id from begun), (select lease from begun), 'answered 503'), 'later',
  'a provider that is away is asked again');
select is(pg_temp.secrets(), array['access-1', 'refresh-1'], 'until then they are kept');

-- Twenty times at most.
update private.token_revocations set attempts = 19, next_attempt_at = now();
drop table begun;
select * into temporary begun from private.begin_revocations(10);
select is(private.finish_revocation((select id from begun), (select lease from begun), 'answered 503'), 'given_up',
  'then given up');
select is(pg_temp.secrets(), null, 'and forgotten');
select results_eq(
  $$select action::text, detail ->> 'trouble' from public.audit_log
  where subject_id = (select id::text from made) and action ~ 'revo' order by id$$,
  $$values ('connection.revocation_given_up', 'answered 503')$$, 'loudly'
);

-- A member who is removed, a workspace that is purged, a provider without a way.
select pg_temp.connect('member', 'mail');
select pg_temp.connect('admin', 'notes');
delete from public.members
where workspace_id = tests.id('north') and user_id in (tests.id('member'), tests.id('admin'));
select is((select count(*) from private.token_revocations), 1::bigint, 'a removed member''s tokens are taken back');
select is(pg_temp.secrets(), array['access-1', 'refresh-1'],
  'where the provider offers no way, they are forgotten at once');
select pg_temp.connect('guest', 'mail');
delete from public.workspaces where id = tests.id('north');
select is((select count(*) from private.token_revocations), 2::bigint, 'so are those of a purged workspace');
delete from private.token_revocations;
select is(pg_temp.secrets(), null, 'with the row they leave the vault');
select is_empty($$select column_name from information_schema.columns
  where table_name = 'token_revocations' and column_name ~ 'user|actor|_by$'$$, 'what waits names no person');

select * from finish();
rollback;
