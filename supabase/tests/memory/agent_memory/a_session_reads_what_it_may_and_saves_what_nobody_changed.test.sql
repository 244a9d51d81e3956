begin;
\ir ../../world.psql
select plan(40);

create function tests.save(entries jsonb, who uuid default null) returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', memory_type, key, version), ', ' order by memory_type, key), 'nothing')
  from public.save_agent_memory(tests.id('north'), entries, who);
$$;
create function tests.loaded(who uuid default null, types text[] default null,
  workspace text default 'north') returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', memory_type, key, value, version,
    case when is_shared then 'shared' else 'own' end), ', ' order by memory_type, key), 'nothing')
  from public.load_agent_memory(tests.id(workspace), who, types);
$$;
create function tests.refusal_of_saving(entries text, who uuid default null, prefix text default '') returns text
  language sql as $$
  select tests.answer_of(format('select * from public.save_agent_memory(tests.id(%L), %L, %L, %L)', 'north', entries,
    who, prefix));
$$;

select tests.authenticate_as('service');
select is(tests.loaded(), 'nothing', 'at first there is nothing');
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": 7}, {"memory_type": "policy", "key": "tone", '
  '"value": "kind", "version": 0, "confidence": 1}]'),
  'policy tone 1, state cursor 1', 'what is new has version 1');
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": {"at": 1}}]', tests.id('hr')),
  'state cursor 1', 'an agent has a memory of its own');
select is(tests.loaded(), 'policy tone "kind" 1 shared, state cursor 7 1 shared', 'without an agent: what is shared');
select is(tests.loaded(tests.id('hr')), 'policy tone "kind" 1 shared, state cursor {"at": 1} 1 own',
  'with one: its own first');
select is(tests.loaded(tests.id('payroll')), 'policy tone "kind" 1 shared, state cursor 7 1 shared',
  'another agent does not see it');
select is(tests.loaded(tests.id('hr'), array['state']), 'state cursor {"at": 1} 1 own', 'only the types asked for');
select is((select confidence from public.load_agent_memory(tests.id('north'), null, array['state'])), 0.8,
  'one is sure to 0.8 unless one says so');

-- Optimistic
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": 8, "version": 1}]'), 'state cursor 2',
  'from the version that was loaded: the next');
select is(tests.refusal_of_saving('[{"memory_type": "state", "key": "cursor", "value": 9, "version": 1}]'),
  '409 memory_conflict', 'from an older one: refused');
select is(tests.refusal_of_saving('[{"memory_type": "state", "key": "cursor", "value": 9}]'), '409 memory_conflict',
  'as new: refused');
select is(tests.refusal_of_saving('[{"memory_type": "state", "key": "cursor", "value": 9, "version": null}]'),
  '409 memory_conflict', 'without a version: as new');
select is(tests.refusal_of_saving('[{"memory_type": "state", "key": "unknown", "value": 9, "version": 1}]'),
  '409 memory_conflict', 'what never was has no version');
select is(tests.refusal_of_saving('[{"memory_type": "episodic", "key": "call", "value": 1}, {"memory_type": "state", '
  '"key": "cursor", "value": 9, "version": 1}]'), '409 memory_conflict', 'with one that conflicts');
select is(tests.loaded(), 'policy tone "kind" 1 shared, state cursor 8 2 shared', 'nothing is written');
select throws_like(
  $$select *
  from public.save_agent_memory(tests.id('north'),
    '[{"memory_type": "policy", "key": "tone", "value": 1}, {"memory_type": "state", "key": "cursor", "value": 9}]')$$,
  '%"hint" : "Changed: policy tone, state cursor"%', 'the keys are named'
);
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": 8, "version": 2}, {"memory_type": "policy", '
  '"key": "tone", "value": "kind", "version": 1}]'),
  'policy tone 1, state cursor 2', 'what is the same keeps its version');
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": 8, "version": 2, "confidence": 0.5}]'),
  'state cursor 3', 'another confidence is a change');
select is(tests.save('[]'), 'nothing', 'nothing is saved as nothing');

-- Forgetting
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": null, "version": 3}]'), 'state cursor 0',
  'null forgets');
select is(tests.loaded(), 'policy tone "kind" 1 shared', 'it is gone');
select is(tests.refusal_of_saving('[{"memory_type": "state", "key": "cursor", "value": null, "version": 3}]'),
  '409 memory_conflict', 'what is forgotten is not forgotten again');
select is(tests.save('[{"memory_type": "state", "key": "cursor", "value": 1, "version": 0}]'), 'state cursor 5',
  'a version is never used twice');
select results_eq(
  $$select version, value from public.agent_memory_history
  where workspace_id = tests.id('north') and key = 'cursor' and agent_id is null order by version$$,
  $$values (1, '7'::jsonb), (2, '8'), (3, '8'), (4, null), (5, '1')$$, 'the history has every version'
);

-- What does not fit
select is(tests.refusal_of_saving(entries), '422 invalid_memory', 'refused: ' || entries) from unnest(array[
  '{}', '[1]', '[{"memory_type": "dream", "key": "k", "value": 1}]',
  '[{"memory_type": "state", "key": "", "value": 1}]', '[{"memory_type": "state", "key": "k"}]',
  '[{"memory_type": "state", "key": "k", "value": 1, "confidence": 2}]',
  '[{"memory_type": "state", "key": "k", "value": 1, "version": -1}]',
  '[{"memory_type": "state", "key": "k", "value": 1, "colour": 1}]',
  '[{"memory_type": "state", "key": "k", "value": 1}, {"memory_type": "state", "key": "k", "value": 2}]'
]) as entries;
select is(tests.refusal_of_saving('[{"memory_type": "state", "key": "k", "value": 1}]', tests.id('desk')), '23503',
  'an agent of another workspace has no memory here');
select is(tests.refusal_of_saving('[]', null, 'nx_'), '404 not_found', 'a business that is not there');
select is(tests.refusal_of_saving('[]', null, 'x; drop'), '404 not_found', 'nor could be');

-- People
select tests.authenticate_as('member');
select is(tests.loaded(), 'policy tone "kind" 1 shared, state cursor 1 5 shared', 'members read');
select is(tests.refusal_of_saving('[]'), '403 forbidden', 'and do not write');
select tests.authenticate_as('guest');
select is(tests.loaded(), 'nothing', 'guests see nothing');
select tests.authenticate_as('outsider');
select is(tests.loaded(), 'nothing', 'nor does another tenant');

select * from finish();
rollback;
