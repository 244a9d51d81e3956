-- A busy tenant cannot starve a quiet one, whatever its priorities and however long its work has waited.
begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(10);

create function tests.shares(batch integer) returns text language sql as $$
  with claimed as materialized (select * from private.claim_work('chores', 'w', batch))
  select string_agg(n::text, ' ' order by n) from (select count(*) as n from claimed group by workspace_id) as each_one;
$$;

insert into public.chores (workspace_id, title, priority, scheduled_for)
select tests.id('north'), 'busy', -100, now() - interval '1 day' from generate_series(1, 1000);
select tests.add('quiet', 'south', 100);

-- Each try is undone: chance has its say in every one.
create function tests.quiet_is_in(batch integer) returns boolean language plpgsql as $$
declare
  answer boolean;
begin
  begin
    answer := exists (select from private.claim_work('chores', 'w', batch) as c where c.work ->> 'title' = 'quiet');
    raise exception using errcode = 'UNDO0';
  exception when sqlstate 'UNDO0' then
    return answer;
  end;
end;
$$;
select ok((select bool_and(tests.quiet_is_in(2)) from generate_series(1, 20)),
  'one of a thousand and one: the quiet tenant is in the first claim of 2, each time');
select ok((select bool_and(tests.quiet_is_in(3)) from generate_series(1, 20)), 'of 3');
select ok(tests.quiet_is_in(1000), 'and of 1,000');
select ok((select bool_or(tests.quiet_is_in(1)) from generate_series(1, 60)), 'of claims of one it gets some');
select ok(not (select bool_and(tests.quiet_is_in(1)) from generate_series(1, 60)), 'and the busy one as well');

select is(tests.shares(100), '1 99',
  'what the quiet one leaves is the busy one''s: no claim is smaller than it could be');
insert into public.chores (workspace_id, title) select tests.id(tenant), 'more'
from unnest(array['south', 'east', 'west']) as tenant, generate_series(1, 300);
select is(tests.shares(100), '25 25 25 25', 'four that have enough get the same');
delete from public.chores where workspace_id = tests.id('west') and status = 'pending'
  and id not in (select id from public.chores where workspace_id = tests.id('west') and status = 'pending' limit 5);
select is(tests.shares(98), '5 31 31 31', 'what one lacks is shared by the others');
insert into public.chores (workspace_id, title, scheduled_for) select gen_random_uuid(), 'later',
  now() + interval '1 hour' from generate_series(1, 50);
select is(tests.shares(30), '10 10 10', 'tenants without due work take nobody''s place');
select is((select count(*) from public.chores where status = 'in_progress'), 328::bigint,
  'each claim was as large as it was asked to be');

select * from finish();
rollback;
