begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(17);

select tests.add('waiting', due_in => '1 hour'), tests.add('held');
select tests.claim('w');
create temporary table tries (title text, change text, broken text) on commit drop;
insert into tries values
  ('waiting', 'status = ''running''', 'status_is_known'),
  ('waiting', 'status = null', null),
  ('waiting', 'lease_expires_at = now()', 'lease_belongs_to_claimed_work'),
  ('held', 'lease_expires_at = null', 'lease_belongs_to_claimed_work'),
  ('held', 'claim_token = null', 'claimed_work_names_its_claim'),
  ('held', 'claimed_by = null', 'claimed_work_names_its_claim'),
  ('held', 'status = ''done'', lease_expires_at = null', 'finished_work_has_a_time'),
  ('waiting', 'finished_at = now()', 'finished_work_has_a_time'),
  ('waiting', 'status = ''cancelled''', 'finished_work_has_a_time'),
  ('waiting', 'attempts = max_attempts', 'pending_work_has_an_attempt_left'),
  ('waiting', 'attempts = -1', 'attempts_are_bounded'),
  ('held', 'attempts = max_attempts + 1', 'attempts_are_bounded'),
  ('waiting', 'max_attempts = 101', 'attempts_are_bounded'),
  ('held', 'status = ''failed'', lease_expires_at = null, finished_at = now()', 'failed_work_says_why'),
  ('waiting', 'last_error = repeat(''x'', 2001)', 'last_error_is_short'),
  ('waiting', 'priority = 101', 'priority_is_between_minus_100_and_100');
create function tests.broken_by(title text, change text) returns text language plpgsql as $$
declare
  name text;
begin
  execute format('update public.chores set %s where title = %L', change, title);
  return 'nothing';
exception when check_violation or not_null_violation then
  get stacked diagnostics name = constraint_name;
  return nullif(name, '');
end;
$$;
select is(tests.broken_by(title, change), broken, format('%s: %s', title, change)) from tries;
select is(tests.broken_by('held',
  'status = ''failed'', lease_expires_at = null, finished_at = now(), last_error = ''boom'''), 'nothing',
  'and what is possible is not');

select * from finish();
rollback;
