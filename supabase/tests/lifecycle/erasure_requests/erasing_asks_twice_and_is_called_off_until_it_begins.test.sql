begin;
\ir ../../world.psql
select plan(15);

select is(tests.try_as('member', 'select public.erase_user()'), 'not_confirmed', 'one call alone erases nobody');
select is(tests.try_as('member', $$select public.erase_user(confirm => 'yes')$$), 'not_confirmed', 'nor another word');
select is(tests.try_as('member', $$select public.erase_user(confirm => 'admin@tests.example')$$), 'not_confirmed',
  'nor another''s address');
select is(tests.try_as('service', format('select public.erase_user(%L)', tests.id('member'))), 'not_confirmed',
  'nor does the service by a slip');
select is(tests.try_as('member', $$select public.erase_user(confirm => 'member@TESTS.example')$$), 'yes',
  'the address does');
select is(tests.try_as('nameless', $$select public.erase_user(confirm => 'erase')$$), 'yes', 'the word does');

create temporary table asked (receipt uuid) on commit drop;
grant all on asked to authenticated, service_role;
select tests.authenticate_as('member');
insert into asked values (public.erase_user(confirm => 'erase'));
select tests.authenticate_as('database');
select is((select scheduled_for from public.erasure_requests where receipt = (select receipt from asked)),
  now() + interval '1 hour', 'it begins an hour later');
select is_empty($$select from private.claim_work('erasure_requests', 'tests', 20)$$, 'nobody claims it before');
select is(
  (select string_agg(tests.try_as(who, format('select public.cancel_erasure(%L)', (select receipt from asked))), ' '
    order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'admin', 'owner', 'member',
     'service']) with ordinality as actors (who, place)),
  'no not_found not_found not_found not_found yes yes',
  'anonymous, stranger, outsider, admin, owner, member, service: who calls it off'
);
select tests.authenticate_as('member');
select is(public.cancel_erasure((select receipt from asked)), true, 'called off');
select is(public.cancel_erasure((select receipt from asked)), false, 'once is enough');
select tests.authenticate_as('database');
select results_eq($$select status, email from public.erasure_requests
  where receipt = (select receipt from asked)$$, $$values ('cancelled', null::text)$$,
  'it is over, and the address is gone from it');

select tests.authenticate_as('member');
insert into asked values (public.erase_user(confirm => 'erase'));
select tests.authenticate_as('database');
delete from asked where receipt not in (select receipt from public.erasure_requests where status = 'pending');
update public.erasure_requests set scheduled_for = now() where status = 'pending';
select isnt_empty($$select
  from private.claim_work('erasure_requests', 'tests', 20)$$, 'asked again, it is claimed when its time has come');
select is(tests.try_as('member', format('select public.cancel_erasure(%L)', (select receipt from asked))),
  'erasure_begun', 'then it has begun');
update public.erasure_requests
set status = 'pending', lease_expires_at = null, erased_at = now(), scheduled_for = now() + interval '1 minute'
where status = 'in_progress';
select is(tests.try_as('member', format('select public.cancel_erasure(%L)', (select receipt from asked))),
  'erasure_begun', 'also between its passes');

select * from finish();
rollback;
