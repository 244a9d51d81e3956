begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(8);

update private.work_queues set max_in_progress = 3 where name = 'chores';
insert into public.chores (workspace_id, title) select tests.id('north'), 'n' || n from generate_series(1, 6) as n;
insert into public.chores (workspace_id, title) select tests.id('south'), 's' || n from generate_series(1, 2) as n;
select is(tests.claim('a', 100), 'n1 n2 n3 s1 s2', 'three of a workspace, though there are more');
select is(tests.claim('b', 100), '', 'no more while they are in progress');
select is(private.complete_work('chores', tests.token('a'), tests.ids('n1', 's1')), 2, 'one of each is done');
select is(tests.claim('b', 100), 'n4', 'then one more');
select tests.end_leases();
select is(tests.claim('c', 2), 'n5 n6', 'what is held by an ended lease does not count');
select is(tests.claim('c', 2), '', 'and there is no more');

update private.work_queues set max_in_progress = null where name = 'chores';
insert into public.chores (workspace_id, title) select tests.id('north'), 'm' || n from generate_series(1, 9) as n;
select is(tests.claim('d', 100), 'm1 m2 m3 m4 m5 m6 m7 m8 m9', 'without a limit all is given');
select throws_ok($$update private.work_queues set max_in_progress = 0
  where name = 'chores'$$, '23514', null, 'a limit of nothing is refused: it would never end');

select * from finish();
rollback;
