begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(8);

select tests.add('late', due_in => '-1 minute'), tests.add('early', due_in => '-2 minutes'),
  tests.add('urgent', priority => -5, due_in => '-1 second'),
  tests.add('idle', priority => 7, due_in => '-1 hour'), tests.add('future', priority => -100, due_in => '1 second'),
  tests.add('due this moment', priority => 1);
select is(tests.claim('a'), 'urgent', 'the smaller priority goes first, however late it came');
select is(tests.claim('a'), 'early', 'then the earlier schedule');
select is(tests.claim('a'), 'late', 'then the later');
select is(tests.claim('a', 10), 'due this moment idle', 'then what is left, as much as is asked for');
select is(tests.claim('a', 10), '', 'what is scheduled for later is not claimed');
update public.chores set scheduled_for = now() where title = 'future';
select is(tests.claim('a', 10), 'future', 'until its time has come');

-- Of the same moment the older row goes first; work that was made more urgent is found in its new lane.
select tests.add('first'), tests.add('second'), tests.add('third');
update public.chores set priority = -3 where title = 'third';
select is(tests.claim('a'), 'third', 'a priority may be changed while work waits');
select is(tests.claim('a'), 'first', 'at the same moment the older row goes first');

select * from finish();
rollback;
