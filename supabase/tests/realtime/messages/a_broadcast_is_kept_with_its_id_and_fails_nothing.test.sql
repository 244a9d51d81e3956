-- The functions of the platform's Realtime, as the local stack makes them.
begin;
select plan(10);

select realtime.send('{"n": 1}', 'said', 'room:1');
select results_eq(
  $$select topic, event, extension, private, payload ->> 'n', payload ->> 'id' = id::text
    from realtime.messages where topic = 'room:1'$$,
  $$values ('room:1', 'said', 'broadcast', true, '1', true)$$,
  'a broadcast is private, and carries its id'
);
select is(realtime.topic(), 'room:1', 'and the topic is set, as the policies see it');
select realtime.send('{"id": "mine"}', 'said', 'room:2', false);
select results_eq(
  $$select payload ->> 'id', private from realtime.messages where topic = 'room:2'$$,
  $$values ('mine', false)$$,
  'an id of the sender''s own stays'
);
select realtime.send_binary('\x00ff', 'raw', 'room:3');
select results_eq(
  $$select binary_payload, payload from realtime.messages where topic = 'room:3'$$,
  $$values ('\x00ff'::bytea, null::jsonb)$$,
  'bytes are kept as bytes'
);
select lives_ok($$select realtime.send('{}', 'said', null)$$, 'a broadcast that cannot be kept fails nothing');
select is_empty($$select from realtime.messages where event = 'said' and topic is null$$, 'and is not kept');

create table public.changed_notes (id integer primary key, body text);
create function public.tell_of_notes() returns trigger language plpgsql as $$
begin
  perform realtime.broadcast_changes('notes', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
  return null;
end;
$$;
create trigger tell_of_notes after insert or update or delete on public.changed_notes
  for each row execute function public.tell_of_notes();
insert into public.changed_notes values (1, 'one');
update public.changed_notes set body = 'won' where id = 1;
delete from public.changed_notes where id = 1;
select results_eq(
  $$select event, payload ->> 'table', payload -> 'record' ->> 'body', payload -> 'old_record' ->> 'body'
    from realtime.messages where topic = 'notes' order by event$$,
  $$values ('DELETE', 'changed_notes', null, 'won'), ('INSERT', 'changed_notes', 'one', null),
    ('UPDATE', 'changed_notes', 'won', 'one')$$,
  'broadcast_changes tells what was done, before and after'
);
select throws_ok(
  $$select realtime.broadcast_changes('t', 'e', 'TRUNCATE', 'x', 'public', null::record, null::record)$$, 'P0001', null,
  'but only of rows'
);

select is(
  (select count(*)::integer from pg_catalog.pg_inherits where inhparent = 'realtime.messages'::regclass), 5,
  'there are days from yesterday to three days ahead'
);
select lives_ok(
  $$insert into realtime.messages (topic, extension, inserted_at)
    values ('t', 'broadcast', now() at time zone 'utc' + interval '3 days')$$,
  'so that a message has a place'
);

select * from finish();
rollback;
