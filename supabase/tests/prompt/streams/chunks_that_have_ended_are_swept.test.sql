begin;
\ir ../../world.psql
select plan(3);

insert into private.scratch_chunks (key, ordinal, chunk, ends_at)
values ('stream:over', 1, '{}', now()), ('stream:open', 1, '{}', now() + interval '1 minute');
insert into private.deleted_streams (id, deleted_at)
values (tests.id('long gone'), now() - interval '25 hours'), (tests.id('just gone'), now() - interval '23 hours');

select is(private.sweep_chunks(), 2::bigint, 'a chunk that has ended, and the note of a stream gone for a day');
select results_eq(
  $$select key from private.scratch_chunks where key in ('stream:over', 'stream:open')$$,
  $$values ('stream:open')$$, 'what is being said stays'
);
select results_eq(
  $$select id from private.deleted_streams$$, $$values (tests.id('just gone'))$$,
  'a stream whose chunks Redis may still have stays noted'
);

select * from finish();
rollback;
