-- Search terms are made before a row's checks, and a check may read an array that is no list. What is far too long for
-- terms, or nested, is refused by the rule of its column all the same, and not by a fault of Postgres (54000, 0A000).
begin;
\ir ../../world.psql
select plan(14);

insert into public.documents (id, workspace_id, path, name, content)
values (tests.id('guide'), tests.id('north'), 'guide', 'Guide', 'Read me.');
-- Words that are all different: 960,000 characters, of which no tsvector can be made.
create function tests.many_words() returns text language sql as $$
  select string_agg(md5(n::text), ' ') from generate_series(1, 30000) as n;
$$;
create function tests.refusal(who text, statement text) returns text language plpgsql as $$
declare
  message text;
begin
  perform tests.authenticate_as(who);
  execute statement;
  perform tests.authenticate_as('database');
  return 'ok';
exception
  when sqlstate 'PGRST' then
    get stacked diagnostics message = message_text;
    return concat_ws(' ', message::jsonb ->> 'code', (message::jsonb ->> 'details')::jsonb -> 'fields' ->> 0);
  when others then
    return sqlstate;
end;
$$;

select is(tests.refusal('member', $$select public.put_document(tests.id('north'), 'long', 'x',
  tests.many_words())$$), 'invalid_value name', 'the name of a document');
select is(tests.refusal('member', $$update public.documents set name = tests.many_words()$$), 'invalid_value name',
  'also when it is changed');
select is(tests.refusal('member', $$update public.documents set name = repeat('n', 200)$$), 'ok',
  'a name of 200 characters');
select is(tests.refusal('member', $$insert into public.document_chunks (workspace_id, document_id, content)
  values (tests.id('north'), tests.id('guide'), tests.many_words())$$), 'invalid_value content', 'a passage');
select is(tests.refusal('member', $$insert into public.document_chunks (workspace_id, document_id, content)
  values (tests.id('north'), tests.id('guide'), left(tests.many_words(), 20000))$$), 'ok',
  'a passage of 20,000 characters');
select is(tests.refusal('member', $$select public.remember(tests.id('north'), tests.many_words())$$),
  'invalid_value content', 'a statement');
select is(tests.refusal('member', $$select public.remember(tests.id('north'), 'x', subject => tests.many_words())$$),
  'invalid_value subject', 'its subject');
select is(tests.refusal('member', $$select public.remember(tests.id('north'), left(tests.many_words(), 4000),
  subject => repeat('s', 200))$$), 'ok', 'a statement of 4,000 characters, with a subject of 200');
select is(tests.answer_of($$select public.remember(tests.id('north'), repeat('x', 4001),
  user_id => tests.id('member'))$$), '23514', 'a SQL session hears of Postgres which check it broke');

select is(tests.refusal('member', $$select public.put_document(tests.id('north'), 'tagged', 'x',
  tags => '{{a,b},{c,d}}')$$), 'invalid_value tags', 'tags of a document that are no list');
select is(tests.refusal('member', $$select public.put_document(tests.id('north'), 'tagged', 'x', tags => '{a,b}')$$),
  'ok', 'a list of tags');
select is(tests.refusal('admin', $$insert into public.build_content_queue (workspace_id, title, article, tags)
  values (tests.id('north'), 'T', 'A', '{{a,b},{c,d}}')$$), 'invalid_value tags', 'tags of an article');
select is(tests.refusal('admin', $$insert into public.content_queue (workspace_id, script, caption, hashtags, video_url,
  platform) values (tests.id('north'), 's', 'c', '{{a,b},{c,d}}', 'https://v.example/v.mp4', 'linkedin')$$),
  'invalid_value hashtags', 'hashtags of a post');
select is(tests.refusal('admin', $$insert into public.content_queue (workspace_id, script, caption, hashtags, video_url,
  platform) values (tests.id('north'), 's', 'c', '{a,b}', 'https://v.example/v.mp4', 'linkedin')$$),
  'ok', 'a list of them');

select * from finish();
rollback;
