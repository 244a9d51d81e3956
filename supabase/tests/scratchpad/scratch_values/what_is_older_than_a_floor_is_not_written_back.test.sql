-- The cache's race: a reader loads revision 5, a revoke raises the floor to 6, the reader writes 5 back.
begin;
\ir ../../world.psql
select plan(24);

-- An empty scratchpad, whatever the stack has kept meanwhile.
delete from private.scratch_values;
create function tests.write_back(revision bigint, epoch text default private.scratch_epoch(),
  value jsonb default '"answer"') returns text language sql as $$
  select private.scratch_write_back('agents:' || tests.id('member'), value, revision, epoch, 300);
$$;
create function tests.kept() returns text language sql as $$
  select concat_ws(' ', value, revision) from private.scratch_values
  where key = 'agents:' || tests.id('member') and expires_at > now();
$$;
create function tests.floor() returns bigint language sql as $$
  select revision from private.scratch_values where key = 'floor:' || tests.id('member');
$$;
create function tests.raise(revision bigint) returns void language sql as $$
  select private.scratch_raise_floors(jsonb_build_object(tests.id('member')::text, revision));
$$;

select is(private.scratch_epoch(), private.scratch_epoch(), 'an epoch stays as long as the scratchpad lives');
select is(tests.write_back(5), 'written', 'an answer is kept');
select is(tests.kept(), '"answer" 5', 'with its revision');
select is((select expires_at from private.scratch_values where key = 'agents:' || tests.id('member')),
  now() + interval '300 seconds', 'for as long as was asked');
select is(tests.write_back(6, value => '"newer"'), 'written', 'a newer one replaces it');
select tests.write_back(5, value => '"older"') as said;
select is(tests.kept(), '"newer" 6', 'an older one does not');

select tests.raise(7);
select is(tests.kept(), null, 'raising the floor forgets what lies below');
select is(tests.write_back(6), 'below_floor', 'which is not written back');
select is(tests.kept(), null, 'nor kept');
select is(tests.write_back(7), 'written', 'the floor''s own revision is');
select tests.raise(7);
select is(tests.kept(), '"answer" 7', 'raising to it again forgets nothing');
select tests.raise(3);
select is(tests.floor(), 7::bigint, 'a floor never sinks');
select is(tests.kept(), '"answer" 7', 'and what lies on it stays');
select is(tests.write_back(6), 'below_floor', 'and what lies below stays out');
select is((select expires_at from private.scratch_values where key = 'floor:' || tests.id('member')),
  now() + interval '10 minutes', 'a floor holds for ten minutes');
select private.scratch_raise_floors(jsonb_build_object(tests.id('guest')::text, 9, tests.id('admin')::text, 2));
select results_eq(
  $$select revision from private.scratch_values
  where key in ('floor:' || tests.id('guest'), 'floor:' || tests.id('admin')) order by 1$$,
  $$values (2::bigint), (9::bigint)$$, 'many floors are raised at once'
);
select is(tests.kept(), '"answer" 7', 'others'' floors do not concern one');
select lives_ok($$select private.scratch_raise_floors('{}')$$, 'no floors are raised without harm');

create temporary table life on commit drop as select private.scratch_epoch() as epoch;
select is(tests.write_back(8, 'another life'), 'other_epoch',
  'what was read in another life of the scratchpad is not written');
delete from private.scratch_values;
select isnt(private.scratch_epoch(), (select epoch from life), 'empty, it begins another life');
select is(tests.write_back(9, (select epoch from life)), 'other_epoch',
  'in which what was read in the one before is not written: its floors are forgotten');
select is(tests.kept(), null, 'nor kept');
select is(tests.write_back(1), 'written', 'while what is read in this one is');
select is(
  (select array_agg(relpersistence::text) from pg_catalog.pg_class
    where relname ~ '^scratch_(values|members|counters)$'), array['u', 'u', 'u'],
  'the scratchpad is unlogged: a crash empties it'
);

select * from finish();
rollback;
