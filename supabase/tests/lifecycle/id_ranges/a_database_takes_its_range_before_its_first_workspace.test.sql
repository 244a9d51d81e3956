begin;
\ir ../../world.psql
select plan(7);

select is((select array_agg(distinct id_range) from private.id_sequences()), array[0], 'the first has range 0');
select is(tests.answer_of('select private.take_id_range(8192)'), '422 invalid_id_range', 'ids stay exact in JSON');
select is(tests.answer_of('select private.take_id_range(3)'), '409 cell_in_use',
  'a database with workspaces keeps its range');

alter table public.audit_log disable trigger refuse_change;
alter table public.billing_events disable trigger refuse_change;
delete from public.workspaces;
delete from public.audit_log;
select cmp_ok(private.take_id_range(3), '>', 25, 'an empty one takes a range, for all of its sequences');
select is((select array_agg(distinct id_range) from private.id_sequences()), array[3], 'also for those of templates');
select is(private.own_id_range(), 3, 'and knows it');

insert into public.audit_log (workspace_id, action) values (tests.id('sealed'), 'a.b');
select results_eq($$select id from public.audit_log$$, $$values ((3::bigint << 40) + 1)$$,
  'its ids are no other database''s');

select * from finish();
rollback;
