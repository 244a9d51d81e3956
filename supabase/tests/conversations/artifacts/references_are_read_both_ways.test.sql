begin;
\ir ../../world.psql
\ir ../talk.psql
\ir ../things.psql
select plan(10);

create function pg_temp.link(a text, b text, workspace text default 'north', kind text default 'refers_to') returns text
  language sql as $$
  select tests.answer_of(format('insert into public.artifact_links (from_id, to_id, workspace_id, kind) values (%L, '
    '%L, %L, %L)', tests.id(a), tests.id(b), tests.id(workspace), kind));
$$;
grant execute on all functions in schema pg_temp to public;
insert into public.artifacts (id, workspace_id, user_id, kind, title)
values (tests.id('secret'), tests.id('north'), tests.id('owner'), 'text', 'Secret');
select tests.authenticate_as('member');
select set_eq(
  $$select artifact_id, other_id, direction from public.artifact_references$$,
  $$values (tests.id('offer'), tests.id('list'), 'to'), (tests.id('list'), tests.id('offer'), 'from')$$,
  'a link is read from both ends'
);
select is(pg_temp.link('offer', 'list', kind => 'embeds'), 'ok', 'another kind is another link');
select is(pg_temp.link('offer', 'offer'), '422 invalid_value', 'an artifact is not linked to itself');
select is(pg_temp.link('offer', 'secret'), '42501', 'nor to what one does not read');
select tests.authenticate_as('service');
select is(
  tests.answer_of(format('insert into public.artifact_links (from_id, to_id, workspace_id, user_id) values (%L, %L, '
    '%L, %L)', tests.id('offer'), tests.id('note'), tests.id('north'), tests.id('member'))),
  '404 not_found', 'across workspaces nothing is, by the service neither'
);
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(tests.try_as('admin', 'select from public.artifacts'), 'yes', 'who reads one end');
select is(tests.try_as('admin', 'select from public.artifact_references'), 'none',
  'and not the other does not read the link');
update public.artifacts set conversation_id = tests.id('north talk') where id = tests.id('list');
select is(tests.try_as('admin', 'select from public.artifact_references'), 'yes', 'who reads both does');
delete from public.artifacts where id = tests.id('list');
select is_empty(format('select from public.artifact_references where workspace_id = %L', tests.id('north')),
  'the links of what is gone are gone');
select isnt_empty(format('select from public.artifact_references where workspace_id = %L', tests.id('south')),
  'those of others are not');

select * from finish();
rollback;
