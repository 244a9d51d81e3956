begin;
\ir ../../world.psql
select plan(12);

delete from private.scratch_values;
delete from private.scratch_members;
delete from private.scratch_counters;
select results_eq($$select *
  from private.scratch_hit('limit:tests', 3, 60)$$, $$values (true, 2, 60)$$, 'the first of three');
select results_eq($$select *
  from private.scratch_hit('limit:tests', 3, 60, 2)$$, $$values (true, 0, 60)$$, 'two at once');
select results_eq($$select *
  from private.scratch_hit('limit:tests', 3, 60)$$, $$values (false, 0, 60)$$, 'the fourth is too many');
select results_eq($$select *
  from private.scratch_hit('limit:others', 3, 60)$$, $$values (true, 2, 60)$$, 'another key counts by itself');
update private.scratch_counters set window_ends_at = now() + interval '1500 milliseconds' where key = 'limit:tests';
select results_eq($$select allowed, reset_seconds
  from private.scratch_hit('limit:tests', 3, 60)$$, $$values (false, 2)$$,
  'seconds are rounded up: who waits them is let in');
update private.scratch_counters set window_ends_at = now() where key = 'limit:tests';
select results_eq($$select *
  from private.scratch_hit('limit:tests', 3, 60)$$, $$values (true, 2, 60)$$, 'when the window ends a new one begins');

insert into private.scratch_values (key, value, expires_at)
values ('tests:gone', '1', now()), ('tests:here', '1', now() + interval '1 second');
insert into private.scratch_members (key, member, ends_at)
values ('tests', 'gone', now()), ('tests', 'here', now() + interval '1 second');
update private.scratch_counters set window_ends_at = now() where key = 'limit:others';
select private.scratch_epoch() as epoch;
select is(private.sweep_scratchpad(), 3::bigint, 'what has ended is swept: a value, a member, a counter');
select is((select array_agg(key order by key) from private.scratch_values), array['epoch', 'tests:here'],
  'values that go on stay, and the epoch');
select is((select array_agg(member) from private.scratch_members), array['here'], 'members too');
select is((select array_agg(key) from private.scratch_counters), array['limit:tests'], 'and counters');
select is(tests.answer_of($$insert into private.scratch_members (key, member, ends_at)
  values ('tests', 'here', now())$$), '23505', 'a member is in a set once');
select is(
  (select string_agg(tests.try_as(who, 'select from private.scratch_values'), ' ' order by place)
   from unnest(array['anonymous', 'member', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no no yes', 'nobody but its owner reads the scratchpad'
);

select * from finish();
rollback;
