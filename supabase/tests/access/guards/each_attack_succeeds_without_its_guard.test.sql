-- What stands between an attack and its success is the guard that is named here, and nothing by chance: each attack is
-- refused as the database is, and succeeds when that one guard is taken away (which is undone).
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir ../../calls/dialling.psql
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
-- Somebody who may not invite here any more, and somebody who only says that the address is theirs.
select tests.add_person('second', 'second@tests.example');
insert into auth.users (id, email, confirmation_sent_at) values (tests.id('pretender'), 'kim@tests.example', now());
insert into public.invitations (workspace_id, email, role, token_hash, invited_by) values
  (tests.id('north'), 'second@tests.example', 'admin', sha256('second'), tests.id('outsider')),
  (tests.id('north'), 'kim@tests.example', 'admin', sha256('kim'), tests.id('owner'));
select tests.authenticate_as('service');
select public.record_usage(tests.id('north'), 'seat', 1, 'seat', request_id => 'sent before');
select tests.authenticate_as('database');
-- Each number has a reason of its own for which it must not be called.
select tests.add_lead(name, phone) from (values
  ('at night', '+15125550111'), ('nowhere', '+15125550112'), ('just called', '+15125550113'),
  ('not to be called', '+15125550114'), ('of a mute agent', '+15125550115')
) as lead (name, phone);
select tests.add_dial(name, case name when 'of a mute agent' then 'payroll' else 'hr' end)
from unnest(array['at night', 'nowhere', 'just called', 'not to be called', 'of a mute agent']) as name;
update public.dial_queue set call_days = array[1 + (extract(isodow from now())::integer + 2) % 7]
where lead_id = tests.id('at night');
update public.leads set state = null where id = tests.id('nowhere');
update public.dial_queue set phone = '+18005550112' where lead_id = tests.id('nowhere'); -- toll-free: of no place
insert into private.number_calls (call_key, workspace_id, line)
values ('just now', tests.id('north'), private.phone_line('+15125550113'));
alter table public.do_not_call_numbers disable trigger cancel_forbidden_dials;
insert into public.do_not_call_numbers (workspace_id, phone) values (tests.id('north'), '+15125550114');
create function pg_temp.call_to(lead text) returns text language sql as $$
  select format('select from public.dial_queue as dial cross join lateral private.judge_dial(''dial_queue'', dial.id) '
    'as judged where dial.lead_id = %L and judged.verdict = ''dial''', tests.id(lead));
$$;
create function pg_temp.judging(part text, instead text) returns text language sql as $$
  select pg_temp.patched('private.judge_dial(text, bigint)', part, instead);
$$;
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
    format('select public.record_usage(%L, ''tokens'', 9.9e13, ''token'')', tests.id('north')), 'invalid_value',
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
    'limit_reached', pg_temp.patched('private.take_slot(text, uuid, uuid)', 'if allowed is not null then',
      'if false then')),
  ('agents are filled', 'service',
    format('insert into public.agents (workspace_id, slug, name, endpoint_url) values (%L, ''more'', ''More'', '
      '''https://more.example/'')', tests.id('north')),
    'limit_reached', 'drop trigger tally_added on public.agents'),
  ('a removed admin''s second address comes in', 'second', 'select public.accept_invitation(''second'')',
    'invitation_invalid', pg_temp.patched('private.accept_invitation(text)',
      'or not private.may_invite(inviter_role, invitation.role)', '')),
  ('an address that nobody proved is invited', 'pretender', 'select public.accept_invitation(''kim'')',
    'address_not_confirmed', pg_temp.patched('private.keep_profile()', 'case when new.email_confirmed_at is not null '
      'then left(nullif(new.email, ''''), 320) end', 'new.email')
      || format('; update auth.users set email = email where id = %L', tests.id('pretender'))),
  ('a request id is sent again with something else', 'service',
    format('select public.record_usage(%L, ''seat'', 2, ''seat'', request_id => ''sent before'')', tests.id('north')),
    'request_id_reused', pg_temp.patched('private.claim_request(uuid, text, text, bigint, jsonb)',
      'if first_digest <> digest then', 'if false then')),
  ('the voice of others is taken for one''s own agent', 'admin',
    format('insert into public.voice_assistants (workspace_id, agent_id, assistant_id) values (%L, %L, ''others'')',
      tests.id('north'), tests.id('payroll')), 'no',
    'grant insert on public.voice_assistants to authenticated; '
      'alter table public.voice_assistants disable row level security'),
  ('a person is called at night', 'database', pg_temp.call_to('at night'), 'none',
    pg_temp.judging('elsif opens_at > now() then', 'elsif false then')),
  ('a person is called of whom nobody knows where they are', 'database', pg_temp.call_to('nowhere'), 'none',
    pg_temp.judging('elsif opens_at is null then', 'elsif false then')),
  ('a number is called twice within a second', 'database', pg_temp.call_to('just called'), 'none',
    pg_temp.patched('private.may_be_called_at(uuid, text, text, text)',
      'greatest(now(), begun[1] + apart, begun[per_day] + interval ''24 hours'')', 'now()')),
  ('a person is called who asked not to be', 'database', pg_temp.call_to('not to be called'), 'none',
    pg_temp.judging('if is_flagged or is_do_not_call then', 'if is_flagged then')),
  ('an agent calls without a voice of its own', 'database', pg_temp.call_to('of a mute agent'), 'none',
    pg_temp.judging('elsif agent_status = ''archived'' or assistant ->> ''assistant_id'' is null then',
      'elsif agent_status = ''archived'' then'));
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
