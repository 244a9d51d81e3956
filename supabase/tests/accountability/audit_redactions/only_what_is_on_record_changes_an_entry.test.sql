-- The trigger lets one thing through, not even the tables' owner anything else.
begin;
\ir ../../world.psql
select plan(18);

insert into public.audit_log (workspace_id, actor_id, action, detail)
values (tests.id('north'), tests.id('member'), 'report.exported', '{"pages": 3}');
insert into public.billing_events (workspace_id, kind, quantity, unit, user_id, request_id)
  values (tests.id('north'), 'message', 1, 'message', tests.id('member'), 'of ' || tests.id('member')),
    (tests.id('north'), 'message', 2, 'message', tests.id('admin'), null);
insert into private.erasure_pseudonyms (workspace_id, pseudonym, given_in)
values (tests.id('north'), tests.id('earlier'), 3);
create temporary table it on commit drop as select e.*, private.audit_leaf(e) as leaf from public.audit_log as e
  where action = 'report.exported' and workspace_id = tests.id('north');
create function tests.on_record(redacted_leaf bytea) returns void language sql as $$
  insert into private.audit_redactions (workspace_id, pseudonym, entry_id, entry_xid, leaf, redacted_leaf)
  select workspace_id, tests.id('earlier'), id, xid, leaf, on_record.redacted_leaf from it
  on conflict (workspace_id, pseudonym, entry_id) do update set redacted_leaf = excluded.redacted_leaf;
$$;
create function tests.leaf_of(statement text) returns bytea language plpgsql as $$
declare
  leaf bytea;
begin
  alter table public.audit_log disable trigger refuse_change;
  execute statement;
  select private.audit_leaf(e) into leaf from public.audit_log as e where e.id = (select id from it);
  raise exception using errcode = 'UNDO0', detail = encode(leaf, 'hex');
exception when sqlstate 'UNDO0' then
  declare said text; begin
    get stacked diagnostics said = pg_exception_detail;
    return decode(said, 'hex');
  end;
end;
$$;

select is(tests.answer_of($$update public.audit_log set actor_id = tests.id('earlier')
  where id = (select id from it)$$), '403 append_only', 'no update without a record, by the owner neither');
select is(tests.answer_of($$update public.audit_log set detail = detail where id = (select id from it)$$),
  '403 append_only', 'nor one that changes nothing');
select set_config('groundwork.erasing', 'on', true) is not null as set_by_hand;
select is(tests.answer_of($$update public.audit_log set actor_id = null where id = (select id from it)$$),
  '403 append_only', 'no setting opens it');
select tests.on_record(tests.leaf_of($$update public.audit_log set actor_id = tests.id('earlier')
  where id = (select id from it)$$)) is not null as recorded;
select is(tests.answer_of($$update public.audit_log set actor_id = tests.id('guest') where id = (select id from it)$$),
  '403 append_only', 'with a record, no other change than the recorded one');
select is(tests.answer_of($$update public.audit_log set actor_id = tests.id('earlier'), action = 'a.b'
  where id = (select id from it)$$), '403 append_only', 'nor that one and more');
select is(tests.answer_of($$update public.audit_log set actor_id = tests.id('earlier')
  where workspace_id = tests.id('north')$$), '403 append_only', 'nor the same of other entries');
select is(tests.answer_of($$delete from public.audit_log where id = (select id from it)$$), '403 append_only',
  'nor a removal');
select is(tests.answer_of($$update public.audit_log set actor_id = tests.id('earlier')
  where id = (select id from it)$$), 'ok', 'the recorded one passes');
select is(tests.answer_of($$update public.audit_log set actor_id = tests.id('member') where id = (select id from it)$$),
  '403 append_only', 'and not back');
select is(
  (select string_agg(tests.try_as(who, $$update public.audit_log set actor_id = null$$), ' ' order by place)
   from unnest(array['anonymous', 'admin', 'owner', 'service']) with ordinality as actors (who, place)), 'no no no no',
     'anonymous, admin, owner, service: not granted anyway'
);

select is(tests.answer_of($$update public.billing_events set user_id = tests.id('earlier')
  where user_id = tests.id('member')$$), '403 append_only',
  'a pseudonym of another transaction does not open billing events');
select is(tests.answer_of($$update public.billing_events set user_id = null where user_id = tests.id('member')$$),
  '403 append_only', 'nor none');
insert into private.erasure_pseudonyms (workspace_id, pseudonym)
values (tests.id('north'), tests.id('now')), (tests.id('south'), tests.id('elsewhere'));
select is(tests.answer_of($$update public.billing_events set user_id = tests.id('elsewhere')
  where user_id = tests.id('member')$$), '403 append_only', 'nor one of another workspace');
select is(tests.answer_of($$update public.billing_events set user_id = tests.id('now'), quantity = 9
  where user_id = tests.id('member')$$), '403 append_only', 'nor anything besides');
select is(tests.answer_of($$delete from public.billing_events where user_id = tests.id('member')$$), '403 append_only',
  'nor a removal');
select is(private.redact_billing_events(tests.id('north'), tests.id('member'), null, tests.id('now')), 1::bigint,
  'redacting does');
select results_eq(
  $$select user_id, request_id, quantity::integer from public.billing_events where workspace_id = tests.id('north')
  order by quantity$$,
  $$values (tests.id('now'), 'of ' || tests.id('now'), 1), (tests.id('admin'), null, 2)$$,
    'the amounts stay, the person goes, others stay'
);
select is(
  (select string_agg(tests.try_as(who,
    format('select private.redact_audit_log(%L, %L, null, %L)', tests.id('north'), tests.id('member'),
    tests.id('now'))), ' ' order by place)
   from unnest(array['anonymous', 'owner', 'service']) with ordinality as actors (who, place)), 'no no no',
     'anonymous, owner, service: nobody redacts by hand'
);

select * from finish();
rollback;
