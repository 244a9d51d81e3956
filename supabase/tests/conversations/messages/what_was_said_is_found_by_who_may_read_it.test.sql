begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(29);

insert into public.conversations (id, workspace_id, user_id, agent_id, title) values
  (tests.id('trip'), tests.id('north'), tests.id('member'), null, 'Trip'),
  (tests.id('admins talk'), tests.id('north'), tests.id('admin'), null, 'Mine');
do $$
begin
  perform tests.say('t1', text => 'Where do we stay in Lisbon?', talk => 'trip');
  perform tests.say('t2', 't1', 'At the pension Flor, reservations are under Ada.', 'assistant', 'trip');
  perform tests.say('t3', 't2', 'And the 東京大学 plan?', talk => 'trip');
  perform tests.say('a1', text => 'Lisbon is for admins', talk => 'admins talk');
end;
$$;
create function pg_temp.found(asked text, more text default '') returns text language plpgsql as $$
declare
  it text;
begin
  execute format('select string_agg(message_id::text, '' '') from public.search_messages(%L %s)', asked, more) into it;
  return (select coalesce(string_agg(n.name, ' ' order by w.place), 'nothing')
    from string_to_table(it, ' ') with ordinality as w (id, place)
    join (values ('t1'), ('t2'), ('t3'), ('a1'), ('hello'), ('answer'), ('thanks'), ('question'), ('g1'),
      ('g2')) as n (name) on tests.id(n.name)::text = w.id);
end;
$$;
create function pg_temp.found_by(who text, asked text) returns text language plpgsql as $$
begin
  perform tests.authenticate_as(who);
  return pg_temp.found(asked);
end;
$$;
grant execute on all functions in schema pg_temp to public;

select tests.authenticate_as('member');
select is(pg_temp.found('Lisbon'), 't1', 'a word finds what one said, and nothing of others');
select is(pg_temp.found('lisbon stay'), 't1', 'in any case');
select is(pg_temp.found('reservation'), 't2', 'in any form, the assistant''s words too');
select is(pg_temp.found('plan stay Lisbon'), 't1 t3', 'any of the words finds, what has more of them first');
select is(pg_temp.found('大学'), 't3', 'in scripts without spaces');
select is(pg_temp.found('"we stay"'), 't1', 'as web searches are written');
select is(pg_temp.found('zebra'), 'nothing', 'what was not said is not found');
select results_eq(
  $$select title, role, passage, before ->> 'text', after ->> 'text' from public.search_messages('reservations')$$,
  $$values ('Trip', 'assistant', 'At the pension Flor, reservations are under Ada.', 'Where do we stay in Lisbon?',
    'And the 東京大学 plan?')$$,
  'a passage with its neighbours'
);
-- Within
select is(pg_temp.found('hello', format(', agent_id => %L', tests.id('hr'))), 'hello', 'with an agent');
select is(pg_temp.found('Lisbon', format(', agent_id => %L', tests.id('hr'))), 'nothing', 'and not with another');
select is(pg_temp.found('hello', format(', folder_id => %L', tests.id('north folder'))), 'hello', 'in a folder');
select is(pg_temp.found('Lisbon', format(', folder_id => %L', tests.id('north folder'))), 'nothing',
  'and not in another');
select is(pg_temp.found('Lisbon', format(', conversations => array[%L]::uuid[]', tests.id('trip'))), 't1',
  'in conversations');
select is(pg_temp.found('Lisbon', ', until => now()'), 'nothing', 'before a time');
select is(pg_temp.found('Lisbon', ', since => now()'), 't1', 'and from one on');

-- Who
select is(pg_temp.found_by('admin', 'Lisbon'), 'a1', 'an admin finds no more than others');
select is(pg_temp.found_by('outsider', 'Lisbon'), 'nothing', 'nor does a stranger');
select is(tests.try_as('anonymous', $$select public.search_messages('Lisbon')$$), 'no', 'nobody without a token');
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('trip');
select is(
  (select string_agg(name, ' ' order by name) from string_to_table(pg_temp.found_by('admin', 'Lisbon'), ' ') as name),
    'a1 t1', 'what is shared is found by who reads it'
);
select is(pg_temp.found_by('guest', 'Lisbon'), 'nothing', 'and guests do not');

-- What is gone
select tests.authenticate_as('member');
select is(tests.answer_of(format('select public.take_back(%L)', tests.id('t1'))), 'ok', 'what was taken back');
select is(pg_temp.found('Lisbon'), 'nothing', 'is not found');
select is(tests.answer_of(format('select public.delete_conversation(%L)', tests.id('trip'))), 'ok',
  'nor is what was deleted');
select is(pg_temp.found('pension'), 'nothing', 'by anybody');

-- Words are stemmed by the language of what was said.
select tests.authenticate_as('database');
insert into public.conversations (id, workspace_id, user_id, title)
values (tests.id('german'), tests.id('north'), tests.id('member'), 'Post');
do $$
begin
  perform tests.say('g1', text => 'Die Kündigungen sind noch nicht bei uns eingegangen.', talk => 'german');
  perform tests.say('g2', 'g1', 'Two of the cancellations are here, said Ada.', talk => 'german');
end;
$$;
select is(private.guess_language('Die Kündigungen sind noch nicht bei uns eingegangen.') || ' ' ||
  private.guess_language('Lisbon'), 'german english',
  'a text is of the language whose stop words it has, of none English');
select is_empty(
  $$select l.name, w.word
    from unnest(array['danish', 'dutch', 'english', 'finnish', 'french', 'german', 'italian', 'norwegian',
      'portuguese', 'russian', 'spanish', 'swedish', 'turkish']) as l (name)
    cross join regexp_split_to_table('af at ikke med het niet van the not who ei että olla ne pas vous und nicht wir '
      'il non della jeg hva não uma você и не что el ella está och inte för ama çok değil house Haus talo дом',
      ' ') as w (word)
    where coalesce(ts_lexize((l.name || '_stem')::regdictionary, w.word) = '{}', false)
      <> coalesce(ts_lexize(('private.' || l.name || '_stops')::regdictionary, w.word) = '{}', false)$$,
  'the stop words of a language are those that its own dictionary leaves out'
);
select is(pg_temp.found_by('member', 'Kündigung'), 'g1', 'a German word is found in another form of it');
select is(pg_temp.found_by('member', 'cancellation'), 'g2', 'and an English one beside it');
select is(
  (select string_agg(name, ' ' order by name)
    from string_to_table(pg_temp.found_by('member', 'cancellation Kündigung'), ' ') as name), 'g1 g2',
  'both are found by a question in both'
);

select * from finish();
rollback;
