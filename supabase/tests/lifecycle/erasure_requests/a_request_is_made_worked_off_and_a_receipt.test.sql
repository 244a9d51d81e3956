begin;
\ir ../../world.psql
select plan(37);

-- Who may ask
select is(
  (select string_agg(tests.try_as(who,
    format('select public.erase_user(%L, confirm => ''erase'')', tests.id('member'))), ' ' order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  'no not_found not_found not_found yes not_found not_found yes',
  'anonymous, stranger, outsider, guest, member, admin, owner, service: who has the member erased'
);
select is(tests.try_as('stranger', 'select public.erase_user(confirm => ''erase'')'), 'not_signed_in',
  'nobody is nobody');
select is(tests.try_as('service', 'select public.erase_user(confirm => ''erase'')'), 'not_signed_in',
  'the service says whom');
select is(tests.try_as('service', format('select public.erase_user(%L, confirm => ''erase'')', tests.id('nobody'))),
  'not_found', 'somebody who is there');
select is(tests.try_as('nameless', 'select public.erase_user(confirm => ''erase'')'), 'yes',
  'a guest without an address too');
select is(tests.try_as('owner', 'select public.erase_user(confirm => ''erase'')'), 'last_owner',
  'an only owner first gives the workspace to somebody');
select is(tests.try_as('owner',
  format('select public.erase_user(workspace_id => %L, confirm => ''erase'')', tests.id('north'))), 'last_owner',
  'also for the workspace alone');
select is(tests.try_as('member',
  format('select public.erase_user(workspace_id => %L, confirm => ''erase'')', tests.id('north'))), 'yes',
  'one''s own workspace');
select is(tests.try_as('member',
  format('select public.erase_user(workspace_id => %L, confirm => ''erase'')', tests.id('south'))), 'not_found',
  'not another');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select is(tests.try_as('owner', 'select public.erase_user(confirm => ''erase'')'), 'yes', 'or deletes it');
update public.workspaces set deleted_at = null where id = tests.id('north');

-- Asking
create temporary table asked (who text, receipt uuid) on commit drop;
grant all on asked to authenticated;
select tests.authenticate_as('member');
insert into asked
values ('member', public.erase_user(confirm => 'Erase')), ('member again', public.erase_user(confirm => 'Erase')),
  ('member in north', public.erase_user(workspace_id => tests.id('north'), confirm => 'erase'));
select is((select count(distinct receipt)::integer from asked where who <> 'member in north'), 1,
  'asking again is the same request');
select results_eq($$select scope, status, user_id from public.erasure_requests order by scope$$,
  $$values ('account', 'pending', tests.id('member')), ('workspace', 'pending', tests.id('member'))$$,
    'a person sees their own requests');
select tests.authenticate_as('admin');
select is_empty($$select id from public.erasure_requests$$, 'others do not');
select tests.authenticate_as('database');
select results_eq($$select workspace_id, email, requested_by, max_attempts from public.erasure_requests
  where scope = 'account' and user_id = tests.id('member')$$,
  $$values ('00000000-0000-0000-0000-000000000000'::uuid, 'member@tests.example', tests.id('member'), 20::smallint)$$,
    'an account''s request is of no workspace');
select is((select status from private.erasure_status((select receipt from asked where who = 'member'))), 'pending',
  'the receipt tells');
select is_empty($$select from private.erasure_status(gen_random_uuid())$$, 'another receipt does not');

-- Working it off, an hour later
update public.erasure_requests set scheduled_for = now();
create temporary table claimed on commit drop as select * from private.claim_work('erasure_requests', 'tests', 20)
  where (work ->> 'user_id')::uuid = tests.id('member');
create function tests.claim(scope text) returns claimed language sql as $$ select * from claimed
  where work ->> 'scope' = claim.scope $$;
select is((select count(*)::integer from claimed), 2, 'it is claimed like any work');
select is(tests.answer_of(format('select private.erase_claimed(%s, %L)', (tests.claim('account')).id,
  gen_random_uuid())), '409 lease_lost', 'whoever does not hold it erases nobody');
select isnt_empty($$select from public.profiles where user_id = tests.id('member')$$, 'nobody');
create temporary table passes on commit drop as select 1 as n, p.*
  from private.erase_claimed((tests.claim('account')).id, (tests.claim('account')).claim_token) as p;
select is((select erased_at from passes), now(), 'the first pass');
select is_empty($$select from public.profiles where user_id = tests.id('member')$$, 'erases');
select is_empty($$select from public.erasure_requests
  where user_id = tests.id('member') and scope = 'workspace'$$, 'what they asked for besides is done with it');
select isnt((select summary ->> 'audit_entries' from public.erasure_requests
  where receipt = (select receipt from asked where who = 'member')), '0', 'it says how much there was');
select is(tests.answer_of(format('select private.complete_work(''erasure_requests'', %L, array[%s]::bigint[], '
  '''{"user_id": null}'')', (tests.claim('account')).claim_token, (tests.claim('account')).id)),
  '23514', 'it cannot be done while it names somebody');
update public.erasure_requests set erased_at = now() - interval '1 minute' where user_id = tests.id('member');
insert into passes select 2, p.*
from private.erase_claimed((tests.claim('account')).id, (tests.claim('account')).claim_token) as p;
select is((select erased_at from passes where n = 2), now() - interval '1 minute',
  'the second pass knows of the first');
select ok((select (second.leftovers -> 'workspaces') @> (first.leftovers -> 'workspaces')
  and (first.leftovers -> 'workspaces') @> to_jsonb(array[tests.id('north')])
  from passes as first, passes as second where first.n = 1 and second.n = 2), 'and where the person was');
select is(private.complete_work('erasure_requests', (tests.claim('account')).claim_token,
  array[(tests.claim('account')).id],
  '{"user_id": null, "email": null, "requested_by": null, "leftovers": null}'), 1, 'done');
select is_empty($$select from public.erasure_requests as r
  where r::text ~ tests.id('member')::text or r::text ~ 'member@'$$, 'the receipt names nobody');
select is((select status from private.erasure_status((select receipt from asked where who = 'member'))), 'done',
  'and tells');

-- Owning comes in between
select tests.authenticate_as('guest');
insert into asked values ('guest', public.erase_user(confirm => 'guest@tests.example '));
select tests.authenticate_as('database');
update public.erasure_requests set scheduled_for = now() where status = 'pending';
update public.members set role = 'owner' where user_id = tests.id('guest');
update public.members set role = 'admin' where user_id = tests.id('owner');
drop table claimed cascade;
create temporary table claimed on commit drop as select * from private.claim_work('erasure_requests', 'tests', 20)
  where (work ->> 'user_id')::uuid = tests.id('guest');
select is(tests.answer_of(format('select private.erase_claimed(%s, %L)', id, claim_token)), '409 last_owner',
  'who became the only owner meanwhile is not erased') from claimed;
select isnt_empty($$select from public.profiles where user_id = tests.id('guest')$$, 'nor half of them');
select is(private.fail_work('erasure_requests', claim_token, array[id],
  'last_owner: A workspace keeps at least one owner.', null, false), 1, 'it fails') from claimed;
select results_eq($$select status, cause from private.erasure_status((select receipt from asked where who = 'guest'))$$,
  $$values ('failed', 'last_owner: A workspace keeps at least one owner.')$$, 'and says why');

-- What cannot be
select is(tests.answer_of($$insert into public.erasure_requests (workspace_id, scope, user_id)
  values (tests.id('north'), 'account', tests.id('admin'))$$), '23514', 'an account is of no workspace');
select is(tests.answer_of($$insert into public.erasure_requests (workspace_id, scope)
  values (tests.id('north'), 'workspace')$$), '23514', 'a request is about somebody');

-- Purging
update public.erasure_requests set finished_at = now() - interval '30 days 1 second'
where receipt = (select receipt from asked where who = 'member');
update public.erasure_requests set finished_at = now() - interval '30 days 1 second'
where receipt = (select receipt from asked where who = 'guest');
insert into private.erasure_pseudonyms (workspace_id, pseudonym, given_on) values
  (tests.id('north'), tests.id('past'), private.oldest_kept('audit_log') - 1),
    (tests.id('north'), tests.id('kept'), private.oldest_kept('audit_log'));
select is(private.purge_erasures(), '{"receipts": 1, "pseudonyms": 1}',
  'receipts go after 30 days, redactions with the entries that vouch for them; what failed waits for somebody');
select is((select count(*)::integer from private.erasure_pseudonyms
  where pseudonym in (tests.id('past'), tests.id('kept'))), 1, 'not a day earlier');

select * from finish();
rollback;
