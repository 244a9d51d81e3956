-- Counted in pages of the database, not in time: what a page of 50 touches does not grow with the conversation.
begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(6);

-- People and places of its own: those of all tests lie there dead, once for each test before this one, and are looked
-- at too.
do $$ begin perform tests.add_person('reader of pages', 'pages@tests.example'); end; $$;
insert into public.workspaces (id, name, slug) values (tests.id('place of pages'), 'Pages', 'tests-pages');
insert into public.members (workspace_id, user_id, role)
values (tests.id('place of pages'), tests.id('reader of pages'), 'owner');

alter table public.messages disable trigger broadcast_messages;
create function pg_temp.talk(talk text, length integer) returns void language sql as $$
  insert into public.conversations (id, workspace_id, user_id)
  values (tests.id(talk), tests.id('place of pages'), tests.id('reader of pages'));
  insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts)
  select tests.id(talk || n), tests.id('place of pages'), tests.id(talk), tests.id('reader of pages'),
    case when n > 1 then tests.id(talk || n - 1) end, 'user',
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', n::text || repeat(' word', 40)))
  from generate_series(1, length) as n;
  update public.conversations set active_message_id = tests.id(talk || length) where id = tests.id(talk);
$$;
select pg_temp.talk('short', 100), pg_temp.talk('long', 10000);
analyze public.messages;
analyze public.conversations;

create function pg_temp.pages_of(statement text) returns bigint language plpgsql as $$
declare
  plan json;
begin
  execute statement; -- plans and catalogues first
  execute 'explain (analyze, buffers, timing off, format json) ' || statement into plan;
  return (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end;
$$;
create function pg_temp.page(talk text, newest integer) returns text language sql as $$
  select format('select * from public.conversation_path(%L, 50)', tests.id(talk || newest));
$$;
grant execute on all functions in schema pg_temp to public;

select tests.authenticate_as('reader of pages');
create temporary table costs on commit drop as
select pg_temp.pages_of(pg_temp.page('short', 100)) as short, pg_temp.pages_of(pg_temp.page('long', 10000)) as long,
  pg_temp.pages_of(format('select * from public.conversation_path(%L, 50, before => %L)', tests.id('long10000'),
    tests.id('long5000'))) as deep;
select is((select count(*) from public.conversation_path(tests.id('long10000'), 50)), 50::bigint, 'a page is read');
select cmp_ok((select long from costs), '<=', (select 1.2 * short from costs)::bigint,
  'the newest page of 10,000 messages touches what that of 100 touches');
select cmp_ok((select deep from costs), '<=', (select 1.2 * short from costs)::bigint, 'so does one from their middle');
-- Six for each message where both indexes have two levels. Each index grows by a level, and each row gets dead
-- neighbours, from what all other tests leave behind, so the bound is twice that. A page that is sorted out of 10,000
-- touches thousands.
select cmp_ok(
  (select long from costs), '<=', 50 * 12 + 20::bigint, 'at most twelve for each message, row security included'
);
-- What it is compared with grows: the measure can tell.
select cmp_ok(
  pg_temp.pages_of(format('select * from public.messages where conversation_id = %L order by created_at desc, id limit '
    '50', tests.id('long'))), '>',
  10 * pg_temp.pages_of(format('select * from public.messages where conversation_id = %L order by created_at desc, id '
    'limit 50', tests.id('short'))),
  'where all of it is sorted, it grows'
);
select cmp_ok(
  pg_temp.pages_of($$select public.add_message(tests.id('long'), '[{"type": "text", "text": "x"}]')$$), '<=',
  2 * pg_temp.pages_of($$select public.add_message(tests.id('short'), '[{"type": "text", "text": "x"}]')$$),
  'saying something costs the same in both'
);

select * from finish();
rollback;
