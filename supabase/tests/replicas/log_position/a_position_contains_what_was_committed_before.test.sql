begin;
\ir ../../world.psql
select plan(7);

select ok(private.log_position()::pg_lsn >= pg_current_wal_flush_lsn(), 'what is on the disk lies before it');
create temporary table seen on commit drop as select private.log_position()::pg_lsn as place;
update public.workspaces set name = name where id = (select workspace_id from public.members limit 1);
select ok(private.log_position()::pg_lsn > (select place from seen), 'a write moves it');
select ok(public.log_position()::pg_lsn >= (select place from seen), 'clients are told the same');
select is(
  (select (private.log_position()::pg_lsn - '0/0'::pg_lsn) % 8192 in (24, 40)), false,
  'it never stands after the header of an empty page, where no replica would ever be'
);
select throws_ok(
  $$select private.await_position('0/0', 0)$$, '55000', 'not a replica',
  'a server that follows nobody is no replica, however far its log is'
);

select tests.authenticate_as('member');
select lives_ok('select public.log_position()', 'whoever is signed in may ask after a write');
select throws_ok(
  $$select private.await_position('0/0', 0)$$, '42501', null, 'nobody may let a database wait'
);
select * from finish();
rollback;
