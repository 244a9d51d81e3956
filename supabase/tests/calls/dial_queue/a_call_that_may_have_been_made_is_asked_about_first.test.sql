begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(28);

select tests.add_lead('lead', '+15125550100');
create temporary table dials on commit drop as select tests.add_dial('lead', most => 2) as id;
create function pg_temp.id() returns bigint language sql as $$ select id from dials $$;
create function pg_temp.token() returns uuid language sql as $$ select claim_token from public.dial_queue
  where id = pg_temp.id() $$;
create function pg_temp.key() returns text language sql as $$ select call_key::text from public.dial_queue
  where id = pg_temp.id() $$;

-- The provider was asked, and nobody knows what it did.
select results_eq('select id, is_started from tests.claim()', $$select id, false from dials$$, 'a new dial is claimed');
select is(tests.begin_call(pg_temp.id()), 'dial', 'and may be dialled');
select matches(pg_temp.key(), format('^dial_queue-%s-1-[0-9a-f]{8}$', pg_temp.id()),
  'under a key of queue, dial, attempt and claim');
select tests.end_lease(pg_temp.id());
select is(tests.dial(pg_temp.id()), 'pending 1 started the lease of test ended', 'its worker died');
create temporary table keys on commit drop as select pg_temp.key() as key;
select results_eq('select id, is_started from tests.claim()', $$select id, true
  from dials$$, 'the next one is told to ask first');
select is(tests.dial(pg_temp.id()), 'in_progress 1 started the lease of test ended', 'asking is no attempt');
select is(tests.begin_call(pg_temp.id()), 'dial', 'the provider knows nothing: dialled again');
select is(pg_temp.key(), (select key from keys), 'under the same key');
select is(tests.dial(pg_temp.id()), 'in_progress 2 started the lease of test ended', 'as another attempt');

-- The last attempt, and nobody knows: not given up before a day of asking.
select tests.end_lease(pg_temp.id());
select is(tests.dial(pg_temp.id()), 'pending 1 started the lease of test ended',
  'after the last attempt it is still asked about');
select count(*) from tests.claim();
select is(private.fail_call('dial_queue', pg_temp.token(), pg_temp.id(), 'provider answered 500', true), 'pending',
  'also when the provider does not answer that');
update public.dial_queue set started_at = now() - interval '25 hours', scheduled_for = now() where id = pg_temp.id();
select count(*) from tests.claim();
select is(private.fail_call('dial_queue', pg_temp.token(), pg_temp.id(), 'provider answered 500', true), 'failed',
  'after a day it is failed');
select private.redrive_work('dial_queue', array[pg_temp.id()]);
select results_eq('select id, is_started from tests.claim()', $$select id, true
  from dials$$, 'and brought back it is asked about first');
select is(tests.begin_call(pg_temp.id()), 'dial', 'then dialled');

-- The provider refused: nothing was dialled.
select is(private.fail_call('dial_queue', pg_temp.token(), pg_temp.id(), 'provider answered 429', false), 'pending',
  'refused for now: tried again');
select is(tests.dial(pg_temp.id()), 'pending 1 not started provider answered 429', 'as a new call');
select is_empty('select * from tests.claim()', 'after a while');
update public.dial_queue set scheduled_for = now() where id = pg_temp.id();
select count(*) from tests.claim();
select is(tests.begin_call(pg_temp.id()), 'dial', 'the new call');
select isnt(pg_temp.key(), (select key from keys), 'has a new key');
select is(private.fail_call('dial_queue', pg_temp.token(), pg_temp.id(), 'provider answered 400', false,
  retry => false), 'failed', 'refused for good: failed');
select is(tests.dial(pg_temp.id()), 'failed 2 not started provider answered 400', 'with its cause');

-- The provider has it.
update dials set id = tests.add_dial('lead', most => 1);
select count(*) from tests.claim();
select is(tests.begin_call(pg_temp.id()), 'dial', 'another dial');
select ok(private.hold_call('dial_queue', pg_temp.token(), pg_temp.id(), 'call-1'), 'is held while its call lasts');
select is((select lease_expires_at from public.dial_queue where id = pg_temp.id()), now() + interval '30 minutes',
  'for as long as a call may last');
select ok(not private.hold_call('dial_queue', gen_random_uuid(), pg_temp.id(), 'call-2'), 'by whoever holds it');
select tests.end_lease(pg_temp.id());
select results_eq('select provider_call_id, started_at is not null from private.claim_calls(''dial_queue'', ''test'')',
  $$values ('call-1'::text, true)$$, 'when that ends the provider is asked by its id');
-- The provider says that there was none, after the only attempt.
select is(tests.begin_call(pg_temp.id()), 'give_up', 'no attempt is left to dial again');
select is(tests.dial(pg_temp.id()), 'failed 1 not started the provider knows of no call after the last attempt',
  'and that is said');

select * from finish();
rollback;
