begin;
\ir ../../world.psql
\ir ../trial.psql

create function tests.make_business(workspace text, prefix text, name text, time_zone text default 'UTC') returns text
  language sql as $$
  select tests.answer_of(format('select public.create_business(%L, %L, %L, %L)', tests.id(workspace), prefix, name,
    time_zone));
$$;
select plan(53);

select tests.authenticate_as('service');
select is(tests.make_business('north', prefix, 'Name'), '422 invalid_prefix', format('%L is no prefix', prefix))
from unnest(array['pn', '_', 'PN_', '1pn_', 'p-n_', 'pn__', 'a_b_', 'abcdefghijk_', 'pñ_', ' pn_', 'pn_ ', E'pn_\n',
  'pn";_', '{prefix}_', null]) as prefix;
select is(tests.make_business('north', 'pn_', 'Name', zone), '422 invalid_time_zone',
  format('%L is no time zone', zone))
from unnest(array['Mars/Olympus', '', 'FOO3', '+03:00', null]) as zone;
select is(tests.make_business('nowhere', 'pn_', 'Name'), '404 not_found',
  'a workspace that does not exist has no business');
select is(tests.make_business('north', 'pn_', ''), '422 invalid_value', 'a name has a character at least');
select is(tests.make_business('north', 'pn_', repeat('x', 201)), '422 invalid_value', 'and 200 at most');
select is(tests.make_business('north', 'pn_', null), '422 missing_value', 'and is there');

select tests.authenticate_as('database');
select is_empty($$select relname from pg_class where relname ~ '^pn_'$$, 'what was refused left nothing behind');
select is_empty($$select from public.businesses where prefix = 'pn_'$$, 'not even its row');

-- What is in the way of a name, each undone
create function pg_temp.with_obstacle(obstacle text, prefix text) returns text language plpgsql as $$
declare
  answer text;
begin
  execute obstacle;
  answer := tests.make_business('north', prefix, 'Name');
  raise exception using errcode = 'UNDO0', message = answer;
exception
  when sqlstate 'UNDO0' then return sqlerrm;
end;
$$;
select is(pg_temp.with_obstacle(obstacle, 'pn_'), answer, coalesce(nullif(obstacle, ''), 'nothing in the way'))
from (values
  ('', 'ok'),
  ('create table public.pn_trial_notes ()', '409 prefix_taken'),
  ('create table private.pn_trial_notes ()', 'ok'),
  ('create view public.pn_trial_leads as select 1', '409 prefix_taken'),
  ('create sequence public.pn_trial_leads', '409 prefix_taken'),
  ('create index pn_trial_leads on public.agents (name)', '409 prefix_taken'),
  ('create type public.pn_trial_leads as enum ()', '409 prefix_taken'),
  ('create function private.claim_pn_trial_queue() returns int language sql as ''select 1''', '409 prefix_taken'),
  ('create index pn_trial_leads_tags on public.agents (name)', '409 prefix_taken'),
  ('create statistics public.pn_trial_leads_counties on name, slug from public.agents', '409 prefix_taken'),
  ('insert into private.work_queues (name, work_table, kind) values (''pn_trial_queue'', ''public.agents'', ''x'')',
    '409 prefix_taken'),
  ('insert into public.businesses (workspace_id, name, prefix) values (tests.id(''south''), ''S'', ''pn_'')',
    '409 prefix_taken'),
  ('update public.workspaces set deleted_at = now() where id = tests.id(''north'')', '404 not_found'),
  ('create table public.trial_notes_of_old () inherits (public.trial_notes)', 'P0001'),
  ('create table public.trial_parts (workspace_id uuid not null) partition by list (workspace_id); create table '
    'public.trial_part partition of public.trial_parts default; select '
    'private.register_business_template(''trial_parts'')', 'P0001'),
  ('alter table public.trial_notes rename to trial_remarks', 'P0001'),
  ('insert into private.business_templates values (''a_template_that_nobody_has_made'', 999)', 'P0001')
) as t (obstacle, answer);
select is(
  pg_temp.with_obstacle('create table public.a_table_with_a_name_of_forty_characters (); insert into '
    'private.business_templates values (''a_table_with_a_name_of_forty_characters'', 999)', 'abcdefghij_'),
  'ok', 'names of 63 bytes and less are fine'
);

-- The first business, and another of the same name
select tests.authenticate_as('service');
select is(tests.make_business('north', '', 'First', 'America/Chicago'), 'ok', 'a first business is written down');
select is(tests.make_business('north', '', 'Second'), '409 prefix_taken', 'once');
select is(tests.make_business('south', '', 'First'), 'ok', 'every workspace has one');
select is(tests.make_business('north', 'pn_', 'First'), 'ok', 'a name may be had twice');
select is(tests.make_business('north', 'pn_', 'Third'), '409 prefix_taken', 'a prefix may not');
select is(tests.make_business('south', 'pn_', 'Third'), '409 prefix_taken', 'nor in another workspace');
select tests.authenticate_as('database');
select is(private.business_time_zone(tests.id('north')), 'America/Chicago', 'with its time zone');
select is(
  (select string_agg(tests.try_as(who, $$select public.create_business(tests.id('north'), 'zz_', 'Z')$$), ' '
    order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner', 'service',
     'database']) with ordinality as actors (who, place)),
  'no no no no no no yes yes', 'anonymous outsider guest member admin owner service database: who makes one'
);

-- By what a prefix is taken is told to nobody: whoever hands the answer on would name another tenant's tables.
create function pg_temp.words_with(obstacle text) returns text language plpgsql as $$
begin
  execute obstacle;
  perform public.create_business(tests.id('north'), 'qn_', 'Name');
exception when sqlstate 'PGRST' then return sqlerrm;
end;
$$;
select is(
  (select count(distinct pg_temp.words_with(obstacle)) from unnest(array[
    'create table public.qn_trial_notes ()', 'create type public.qn_trial_leads as enum ()',
    'insert into public.businesses (workspace_id, name, prefix) values (tests.id(''south''), ''S'', ''qn_'')']) as
      obstacle),
  1::bigint, 'every refusal says the same'
);

select * from finish();
rollback;
