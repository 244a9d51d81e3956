begin;
\ir world.psql
select plan(32);

select is(tests.place('member', 'north'), 'eu-1 here 0', 'a member is told that it is here');
select is(tests.place('guest', 'north'), 'eu-1 here 0', 'a guest, too');
select is(tests.place('clerk', 'north'), '404 not_found', 'a member of another one is not');
select is(tests.place('newcomer', 'nowhere'), '404 not_found', 'as for one that does not exist');
select is(tests.place('stranger', 'north'), '404 not_found', 'nor a token without a subject');
select is(tests.place('anonymous', 'north'), '42501', 'nor anyone without a token');
select is(tests.place('service', 'north'), 'eu-1 here 0', 'the service is');
select is(tests.place('hr: memory:read', 'north'), '404 not_found', 'an agent as itself is not');
select is(tests.place('member via hr: memory:read', 'north'), 'eu-1 here 0', 'for its person it is');
select tests.authenticate_as('database');
insert into public.members (workspace_id, user_id, role) values (tests.id('south'), tests.id('member'), 'member');
select is(tests.place('member', 'south'), 'eu-1 here 0', 'a person is told of each of their workspaces');
select is(tests.place('member via hr: memory:read', 'south'), '404 not_found', 'their agent, of its own');

-- Who writes the directory.
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.place_workspace(tests.id('north'), 'eu-2', 'elsewhere')$$), '42501',
  'an owner does not place their workspace');
select is(tests.answer_of($$select public.set_cell('mine', 'https://mine.example', 'eu')$$), '42501', 'nor add a cell');
select is(tests.answer_of($$select public.name_this_cell('eu-2')$$), '42501', 'nor name this one');
select is(tests.answer_of($$select * from private.workspace_places$$), '42501', 'nor read all of it');
select tests.authenticate_as('service');
select throws_matching(format('select public.set_cell(%L, %L, %L, %L)', said.name, said.url, said.region, said.key),
    '"invalid_body", "message" : "' || said.wrong || ': ', 'a cell with a bad ' || said.wrong || ' is refused')
from (values
  ('name', 'EU 3', 'https://eu-3.example', 'eu', 'key'), ('name', null, 'https://eu-3.example', 'eu', 'key'),
  ('url', 'eu-3', 'ftp://eu-3.example', 'eu', 'key'), ('region', 'eu-3', 'https://eu-3.example', 'Europe', 'key'),
  ('publishable_key', 'eu-3', 'https://eu-3.example', 'eu', '')
) as said (wrong, name, url, region, key);
select is(tests.answer_of($$select public.place_workspace(tests.id('north'), 'eu-2', 'here')$$), '422 invalid_place',
  'what is in another cell is not here');
select is(tests.answer_of($$select public.place_workspace(tests.id('north'), 'us-1', 'elsewhere')$$),
  '409 region_not_allowed', 'what must stay in a region does not leave it');
select is(public.place_workspace(tests.id('north'), 'eu-2', 'elsewhere', 0), 1::bigint, 'within it, it is placed');
select is(tests.answer_of($$select public.place_workspace(tests.id('north'), 'eu-1', 'here', 0)$$),
  '409 place_changed', 'who has seen an older place does not change it');

-- It has left.
select is(tests.place('member', 'north'), 'eu-2 elsewhere 1', 'a member is told where it went');
select is(tests.place('member via hr: memory:read', 'north'), 'eu-2 elsewhere 1', 'and its agent for them');
select is(tests.place('member via desk: memory:read', 'north'), '404 not_found', 'but none of another workspace');
select is(tests.place('clerk', 'north'), '404 not_found', 'a stranger still nothing');
select tests.authenticate_as('database');
select set_config('groundwork.placing', tests.id('north')::text, true);
delete from public.workspaces where id = tests.id('north');
select set_config('groundwork.placing', '', true);
select is(tests.place('member', 'north'), 'eu-2 elsewhere 1', 'also when nothing of it is left here');
select is(tests.place('owner', 'north'), 'eu-2 elsewhere 1', 'and its owner');
select is(tests.place('clerk', 'north'), '404 not_found', 'and a stranger nothing');
select tests.authenticate_as('database');
select private.erase_person(tests.id('member'));
select is(tests.place('member', 'north'), '404 not_found', 'who is erased is forgotten here');

select * from finish();
rollback;
