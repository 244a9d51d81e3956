begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(13);

select tests.authenticate_as('member');
select isnt(public.ask_in_background(tests.id('north talk'), 'research', '{"about": "leave"}', 'leave'), null,
  'the owner asks');
select is((select count(*)::integer from public.background_queries where progress = 'pending'), 1,
  'and sees it waiting');
select is(public.ask_in_background(tests.id('north talk'), 'research', '{"about": "leave"}', 'leave'),
  (select id from public.background_queries), 'asked again it is the same');
select is(tests.answer_of($$select public.ask_in_background(tests.id('south talk'), 'research')$$), '404 not_found',
  'not in a conversation of others');
select is(tests.answer_of($$select public.ask_in_background(tests.id('north talk'), 'Not a name')$$),
  '422 invalid_value',
  'a type is a name');
select tests.authenticate_as('admin');
select is((select count(*)::integer from public.background_queries), 0, 'others do not see it');
select is(tests.answer_of($$select public.cancel_background_query(q.id) from (select 1 as id) as q$$), '404 not_found',
  'nor may they call it off');

select tests.authenticate_as('service');
create temporary table claimed on commit drop as select * from public.claim_work('background_queries', 'researcher');
select is((select work ->> 'type' from claimed), 'research', 'a worker claims it');
select tests.authenticate_as('member');
select is((select progress from public.background_queries), 'running', 'its asker sees it running');
select tests.authenticate_as('service');
select public.complete_work('background_queries', (select claim_token from claimed), array(select id from claimed),
  '{"result": {"days": 30}, "summary_for_llm": "30 days"}');
select tests.authenticate_as('member');
select results_eq($$select progress, result ->> 'days', seen_at is null
  from public.background_queries$$, $$values ('completed', '30', true)$$, 'and its result, not seen yet');
update public.background_queries set seen_at = now();
select is((select seen_at is not null from public.background_queries), true, 'which they note');
select is(public.cancel_background_query((select id from public.background_queries)), false,
  'what is finished is not called off');
select tests.authenticate_as('database');
select is((select count(*)::integer from realtime.messages
  where topic = 'conversation:' || tests.id('north talk') and event = 'background_query' and private),
  3, 'asked, running and completed were told on the private topic');

select * from finish();
rollback;
