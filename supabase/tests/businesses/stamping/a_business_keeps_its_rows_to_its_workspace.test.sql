-- Stamped tables are used as their templates are: by people under row security, and by workers through the grammar.
begin;
\ir ../../world.psql
\ir ../trial.psql
select plan(25);

select is(tests.answer_of($$select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir')$$), 'ok',
  'north has a business');
select is(tests.answer_of($$select private.create_business(tests.id('south'), 'sc_', 'StructCalc')$$), 'ok',
  'and south another');

create function tests.lead_of(business text, workspace text) returns text language sql as $$
  select format('insert into public.%strial_leads (id, workspace_id, name) values (%L, %L, %L)', business,
    tests.id(business || workspace), tests.id(workspace), workspace);
$$;
select tests.authenticate_as('service');
select is(tests.answer_of(tests.lead_of(business, workspace)), answer,
  format('the service adds a lead of %s to %Lleads', workspace, business))
from (values ('', 'north', 'ok'), ('', 'south', 'ok'), ('pn_', 'north', 'ok'), ('pn_', 'south', '403 other_business'),
  ('sc_', 'north', '403 other_business'), ('sc_', 'south', 'ok'))
  as t (business, workspace, answer);
select is(
  tests.answer_of($$update public.pn_trial_leads set workspace_id = tests.id('south')$$), '403 other_business',
  'nor does one move there'
);
select is(
  tests.answer_of($$update public.trial_leads set workspace_id = tests.id('south') where id = tests.id('north')$$),
  'ok', 'in the unprefixed tables it may'
);
select tests.authenticate_as('admin');
select is(
  tests.answer_of($$insert into public.pn_trial_leads (workspace_id, county, name)
    values (tests.id('north'), 'Ector', 'theirs')$$), '42501',
  'an admin adds none, because the template has no policy for it'
);

-- Each sees what the template's policies would let them see.
select tests.authenticate_as('database');
create function pg_temp.seen(who text, relation text) returns bigint language plpgsql as $$
declare
  n bigint;
begin
  perform tests.authenticate_as(who);
  execute format('select count(*) from public.%I', relation) into n;
  perform tests.authenticate_as('database');
  return n;
exception when insufficient_privilege then
  return -1;
end;
$$;
select is(
  (select string_agg(pg_temp.seen(who, 'pn_trial_leads')::text, ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'clerk', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  '-1 0 0 0 1 1 1 1', 'anonymous outsider clerk guest member admin owner service: leads of north''s business'
);
select is(
  (select string_agg(pg_temp.seen(who, 'sc_trial_leads')::text, ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'clerk', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  '-1 1 1 0 0 0 0 1', 'and of south''s'
);

-- Work: the stamped queue is a queue of its own, of the template's kind.
select tests.authenticate_as('service');
select is(
  tests.answer_of($$select
    from public.enqueue_work('pn_trial_queue',
    jsonb_build_array(jsonb_build_object('workspace_id', tests.id('north'), 'lead_id', tests.id('pn_north'))))$$),
  'ok', 'work is added to the stamped queue'
);
select is(
  tests.answer_of($$select
    from public.enqueue_work('pn_trial_queue',
    jsonb_build_array(jsonb_build_object('workspace_id', tests.id('north'), 'lead_id', tests.id('north'))))$$),
  '23503', 'not on a lead of the unprefixed table'
);
select is((select count(*) from public.claim_work('trial_queue', 'worker', 10)), 0::bigint,
  'the template''s queue has none of it');
create temporary table claimed as select * from public.claim_work('pn_trial_queue', 'worker', 10);
select is((select array_agg(work - 'lead_id') from claimed),
  array['{"answer": null, "seconds": null, "traceparent": null}'::jsonb],
  'a worker claims it');
select is(
  (select public.complete_work('pn_trial_queue', claim_token, array[id], '{"answer": "yes", "seconds": 4}')
    from claimed), 1, 'and completes it with its outcome'
);
select tests.authenticate_as('database');
select results_eq(
  $$select name, kind, max_in_progress from private.work_queues where kind = 'trial_queue' order by name$$,
  $$values ('pn_trial_queue', 'trial_queue', 7), ('sc_trial_queue', 'trial_queue', 7),
    ('trial_queue', 'trial_queue', 7)$$,
  'all queues of a kind are found by it'
);
select is(pg_temp.seen('member', 'pn_trial_queue'), 1::bigint,
  'a member sees work whose lead they see: the policy reads the stamped leads');
delete from public.trial_leads;
select is(pg_temp.seen('member', 'pn_trial_queue'), 1::bigint, 'and not the template''s');

-- Triggers act on the table that they stand on.
insert into public.pn_trial_leads (workspace_id, county, name, score) values (tests.id('north'), 'Ector', 'rated', 20);
select is((select note from public.pn_trial_leads where name = 'rated'), 'it''s@pn_trial_leads',
  'a trigger with a condition and arguments');
select is(current_setting('trial.count'), '1@pn_trial_leads', 'and one with a transition table');
select is((select label from public.pn_trial_leads where name = 'rated'), 'Ector: rated',
  'a generated column is generated');
select cmp_ok((select max(ordinal) from public.pn_trial_leads), '<', 120::bigint,
  'identities are counted for each table');

select * from finish();
rollback;
