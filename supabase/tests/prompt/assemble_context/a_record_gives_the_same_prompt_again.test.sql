begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir ../long_talk.psql
select plan(14);

create temporary table prompts on commit drop as
  select budget, private.assemble_context(tests.id('north talk'), budget, null, null, null, null, null) as body
  from unnest(array[150, 300, 600, 100000]) as budget;
select tests.say('m61', 'm60', 'The answer', 'assistant');
select is((select count(*) from public.context_profiles),
  (select count(distinct memory_ids) from public.context_profiles), 'what was known of a person is kept once');
select is((select count(distinct profile_id) from public.context_records),
  (select count(distinct body #>> '{messages,0,memory_ids}') from prompts),
  'and named by all the prompts that say it');

-- Whatever happens afterwards:
select tests.say('m62', 'm61', 'And something new');
select tests.say('m60b', 'm59', 'Another version', 'assistant');
update public.conversations set active_message_id = tests.id('m62') where id = tests.id('north talk');
update public.memories set valid_to = now() where id in (tests.id('name'), tests.id('number'));
insert into public.memories (workspace_id, user_id, kind, category, content)
values (tests.id('north'), tests.id('member'), 'profile', 'personal', 'Is called Maurice.');
update public.messages set content_for_llm = 'late'
where id in (tests.id('m20'), tests.id('m59')) and content_for_llm is null;

select is_empty(
  $$select budget from prompts
    where private.replay_context((body ->> 'record_id')::bigint) - 'created_at' is distinct from body -
      'preprocessing_log_id'$$,
  'each record gives its prompt again, and what was left out of it');
select is(public.prompt_of(tests.id('m61')) ->> 'record_id',
  (select max((body ->> 'record_id')::bigint)::text from prompts), 'an answer knows its prompt');
select is(public.prompt_of(tests.id('m62')), null, 'a message nobody assembled a prompt for has none');
update public.messages
set metadata = jsonb_build_object('context_record_id',
  (select (body ->> 'record_id')::bigint from prompts where budget = 300)) where id = tests.id('m61');
select is(public.prompt_of(tests.id('m61')) -> 'messages', (select body -> 'messages' from prompts where budget = 300),
  'and the one that it names, where others were made for the same message');
create temporary table later on commit drop as
  select private.assemble_context(tests.id('north talk'), 100000, null, null, null, tests.id('m60'), null) as body;
select isnt((select body #> '{messages,0}' from later),
  (select body #> '{messages,0}' from prompts where budget = 100000), 'a prompt of now says what is known now');
select is((select private.replay_context((body ->> 'record_id')::bigint) -> 'messages' from later),
  (select body -> 'messages' from later), 'and is had again as it was, too');
select is(tests.answer_of($$update public.messages set content_for_llm = 'otherwise' where id = tests.id('m48')$$),
  '403 append_only',
  'a short form is written once');
delete from public.memories where id = tests.id('number');
select ok((select bool_or(private.replay_context((body ->> 'record_id')::bigint)::text like '%(forgotten)%')
  from prompts),
  'what was forgotten on request is gone from the past too');

create temporary table one on commit drop as select min((body ->> 'record_id')::bigint) as id from prompts;
grant select on one to authenticated, service_role;
select tests.authenticate_as('member');
select isnt(public.replay_context((select id from one)), null, 'the owner reads a prompt of theirs');
select tests.authenticate_as('database');
update public.conversations set deleted_at = now() where id = tests.id('north talk');
select tests.authenticate_as('member');
select is(tests.answer_of($$select public.replay_context((select id from one))$$), '404 not_found',
  'not of a conversation that they deleted');
select tests.authenticate_as('service');
select isnt(public.replay_context((select id from one)), null, 'which the service still answers for');
select tests.authenticate_as('database');
update public.conversations set deleted_at = null where id = tests.id('north talk');
select tests.authenticate_as('admin');
select is(tests.answer_of($$select public.replay_context((select id from one))$$), '404 not_found', 'nobody else does');

select * from finish();
rollback;
