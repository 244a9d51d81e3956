begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(28);

create function pg_temp.import(talks text, person text default 'member', workspace text default 'north') returns text
  language sql as $$
  select tests.answer_of(format('select public.import_conversations(%L, %L, %L)', tests.id(workspace), tests.id(person),
    talks));
$$;
create function pg_temp.branch(leaf text default null) returns text language sql as $$
  select string_agg(p.parts -> 0 ->> 'text', ' ' order by p.created_at)
  from public.conversations as c
  cross join lateral public.conversation_path(coalesce((select m.id from public.messages as m where m.client_id = leaf),
    c.active_message_id)) as p
  where c.title = 'Old talk';
$$;
grant execute on all functions in schema pg_temp to public;
create temporary table export (talks text) on commit drop;
grant select on export to public;
insert into export values ($$[{
  "id": "conv-1", "title": "Old talk", "tags": ["old"], "created_at": "2023-04-01T10:00:00Z",
  "updated_at": "2023-06-01T00:00:00Z",
  "messages": [
    {"id": "a", "role": "user", "text": "Hi", "created_at": "2023-04-01T10:00:00Z"},
    {"id": "b", "role": "assistant", "text": "Hello", "created_at": 1680343260},
    {"id": "c", "role": "user", "text": "Bye", "created_at": "2023-04-01T10:02:00Z"},
    {"id": "d", "parent_id": "b", "role": "user", "parts": [{"type": "text", "text": "Stay"}],
    "created_at": "2023-04-01T10:03:00Z"},
    {"id": "e", "parent_id": null, "role": "user", "text": "Other", "created_at": "2023-04-01T09:00:00Z"}
  ]}]$$);

select tests.authenticate_as('service');
select is(pg_temp.import((select talks from export)), 'ok', 'a talk from elsewhere is imported');
select results_eq(
  $$select created_at, updated_at, last_message_at, tags from public.conversations where title = 'Old talk'$$,
  $$values (timestamptz '2023-04-01 10:00Z', timestamptz '2023-06-01 00:00Z', timestamptz '2023-04-01 10:03Z',
    array['old'])$$,
  'its dates stay'
);
select results_eq(
  $$select client_id, created_at from public.messages where client_id in ('a', 'b') order by 1$$,
  $$values ('a', timestamptz '2023-04-01 10:00Z'), ('b', timestamptz '2023-04-01 10:01Z')$$, 'those of its messages too'
);
select is(pg_temp.branch(), 'Hi Hello Stay', 'the newest of its branches is shown');
select is(pg_temp.branch('c'), 'Hi Hello Bye', 'the others are there');
select is(pg_temp.branch('e'), 'Other', 'one that begins anew, too');
select is(pg_temp.import((select talks from export)), 'ok', 'imported again');
select is((select count(*) from public.messages where client_id in ('a', 'b', 'c', 'd', 'e')), 5::bigint,
  'it is there once');
select is(
  (select updated_at from public.conversations where title = 'Old talk'), timestamptz '2023-06-01 00:00Z',
    'and nothing is newer for it'
);
select is(
  pg_temp.import(replace((select talks from export), ']}]',
    ', {"id": "f", "role": "assistant", "text": "Good", "created_at": "2023-04-02"}]}]')),
  'ok', 'what was said there since'
);
select is((select last_message_at from public.conversations where title = 'Old talk'), timestamptz '2023-04-02 00:00Z',
  'is added');

-- Tagging moves nothing up
select tests.authenticate_as('member');
update public.conversations set tags = '{new}' where title = 'Old talk';
select results_eq(
  $$select last_message_at, updated_at = now() from public.conversations where title = 'Old talk'$$,
  $$values (timestamptz '2023-04-02 00:00Z', true)$$, 'tagging changes the row and not when something was said'
);

-- What is refused, and by whom
select is(pg_temp.import((select talks from export)), '42501', 'a person puts no words into an assistant''s mouth');
select tests.authenticate_as('service');
select is(pg_temp.import('[{"messages": []}]', 'outsider'), '404 not_found', 'not for who is not of the workspace');
select is(pg_temp.import('{}'), '400 invalid_body', 'a list is needed');
select is(pg_temp.import('[{"id": "x"}]'), '400 invalid_body', 'and messages in each');
select is(pg_temp.import('[{"messages": [{"role": "robot", "text": "x"}]}]'), '422 invalid_value',
  'of roles that there are');
select is(pg_temp.import('[{"messages": [{"role": "user"}]}]'), '400 invalid_body', 'and words');
select is(
  pg_temp.import('[{"messages": [{"role": "user", "text": "x", "created_at": "2999-01-01"}]}]'), '400 invalid_body',
  'not of the future'
);
select is(
  pg_temp.import('[{"messages": [{"id": "z", "parent_id": "y", "role": "user", "text": "x"}]}]'), '404 not_found',
  'each after one before it'
);
select is((select count(*) from public.conversations where title = ''), 0::bigint,
  'of what was refused nothing is left');

-- Ids of an export are its importer's: nobody takes them ahead of others, and none tells whose it is.
select is(
  pg_temp.import(format('[{"id": %1$s, "title": "Not theirs", "messages": [{"id": %1$s, "role": "user", "text": '
    '"x"}]}]',
    to_json(tests.id('south talk')::text))), 'ok', 'the id of a stranger''s talk is a name like any other'
);
select is((select title from public.conversations where id = tests.id('south talk')),
  (select title from public.conversations
  where id = tests.id('south talk') and user_id = tests.id('outsider')), 'and leaves that talk alone');
select is(
  (select workspace_id from public.conversations where title = 'Not theirs'), tests.id('north'),
    'what was imported is where it was imported to'
);
select is(
  pg_temp.import('[{"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "title": "Shared",
    "messages": [{"id": "6ba7b811-9dad-11d1-80b4-00c04fd430c8", "role": "user", "text": "x"}]}]', person, workspace),
  'ok', person || ' imports an export that others have imported'
) from (values ('outsider', 'south'), ('member', 'north'), ('admin', 'north')) as importer (person, workspace);
select is((select count(*) from public.conversations where title = 'Shared'), 3::bigint, 'and has a talk of their own');

select * from finish();
rollback;
