-- What stands between an attack and its success is the guard that is named here, and nothing by chance: each attack is
-- refused as the database is, and succeeds when that one guard is taken away (which is undone).
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
create temporary table attacks (name text, who text, attack text, answer text, without text) on commit drop;

-- A function as it is, with a part of it replaced: the guard taken out of the middle.
create function pg_temp.patched(named regprocedure, part text, instead text) returns text language plpgsql as $$
begin
  if strpos(pg_get_functiondef(named), part) = 0 then
    raise exception '% has no %', named, part;
  end if;
  return replace(pg_get_functiondef(named), part, instead);
end;
$$;
insert into public.workspace_limits (workspace_id, name, value)
select tests.id('north'), name, 0
from unnest(array['audit_entries_a_day', 'conversations_a_day', 'searches_at_once', 'documents', 'agents']) as name;
insert into public.budgets (workspace_id, period, amount) values (tests.id('north'), 'day', 10);
update public.conversations set visibility = 'public' where id = tests.id('north talk');
insert into attacks values
  ('an id is taken before others do', 'clerk',
    format('insert into public.conversations (id, workspace_id) values (gen_random_uuid(), %L)', tests.id('south')),
    'no', 'grant insert (id) on public.conversations to authenticated'),
  ('a guest reads who else is there', 'guest',
    format('select from public.profiles where user_id = %L', tests.id('member')), 'none',
    pg_temp.patched('private.colleague_ids()', 'private.workspace_ids(''member'')', 'private.workspace_ids()')),
  ('a stranger lists public conversations', 'outsider',
    format('select from public.conversations where id = %L', tests.id('north talk')), 'none',
    'alter policy "People read their conversations and those that are shared" on public.conversations using '
      '(visibility = ''public'')'),
  ('a member reads where an agent answers', 'member', 'select endpoint_url from public.agents', 'no',
    'grant select (endpoint_url) on public.agents to authenticated'),
  ('a person speaks as the assistant', 'member',
    format('select public.add_message(%L, ''[{"type": "text", "text": "x"}]'', role => ''assistant'')',
      tests.id('north talk')), 'forbidden',
    pg_temp.patched('private.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint)',
      'if not private.is_service() and (', 'if false and (')),
  ('a stranger speaks in a talk of others', 'outsider',
    format('select public.add_message(%L, ''[{"type": "text", "text": "x"}]'')', tests.id('north talk')), 'not_found',
    pg_temp.patched('private.hold_conversation(uuid, text)', 'private.is_service() or', 'true or')),
  ('somebody is erased by one slip', 'member', 'select public.erase_user()', 'not_confirmed',
    pg_temp.patched('private.erase_user(uuid, uuid, text)',
      'if lower(trim(erase_user.confirm)) is distinct from ''erase''', 'if false')),
  ('a number that breaks a sum is recorded', 'service',
    format('select public.record_usage(%L, ''tokens'', 9.9e13, ''token'')', tests.id('north')), '23514',
    'alter table public.billing_events drop constraint quantity_is_small'),
  ('more is reserved than a budget has', 'service',
    format('select public.reserve_usage(%L, ''r'', tokens => 11)', tests.id('north')), 'budget_exhausted',
    pg_temp.patched('private.draw_from_budget(public.budgets, date, smallint, bigint)',
      'if pool.left_over < chunk and budget.is_hard then', 'if false then')),
  ('the log is filled', 'member', format('select public.log_audit(%L, ''tests.done'')', tests.id('north')),
    'limit_reached',
    pg_temp.patched('private.count_against(uuid, uuid, text, bigint, text)', 'if now_used > allowed then',
      'if false then')),
  ('conversations are filled', 'member',
    format('insert into public.conversations (workspace_id) values (%L)', tests.id('north')), 'limit_reached',
    'drop trigger count_acts on public.conversations'),
  ('documents are filled', 'member',
    format('insert into public.documents (workspace_id, path, name) values (%L, ''a'', ''A'')', tests.id('north')),
    'limit_reached', 'drop trigger count_added on public.documents'),
  ('all searches are one person''s', 'member',
    format('select count(*) from public.search_documents(workspace_id => %L, query => ''x'')', tests.id('north')),
    'limit_reached', pg_temp.patched('private.take_one_of(text, uuid, uuid)', 'if allowed is not null then',
      'if false then')),
  ('agents are filled', 'service',
    format('insert into public.agents (workspace_id, slug, name, endpoint_url) values (%L, ''more'', ''More'', '
      '''https://more.example/'')', tests.id('north')),
    'limit_reached', 'drop trigger tally_added on public.agents');
select plan(1 + 2 * (select count(*)::integer from attacks));

create function pg_temp.without(guard text, who text, attack text) returns text language plpgsql as $$
declare
  answer text;
begin
  execute guard;
  answer := tests.try_as(who, attack);
  raise exception using errcode = 'UNDO1', message = answer;
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end;
$$;
select is(tests.try_as(who, attack), answer, name || ': refused') from attacks;
select is(pg_temp.without(without, who, attack), 'yes', name || ': done, without its guard') from attacks;
select is(tests.try_as(who, attack), answer, name || ': refused again, for the guard is back') from attacks limit 1;
select * from finish();
rollback;
