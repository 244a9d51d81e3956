-- On both sides of each limit.
begin;
\ir ../../world.psql
select plan(20);

-- What the database holds of its own goes first, so that the counts are the test's.
select private.purge() is not null as purged;

update public.workspaces set deleted_at = now() - interval '30 days 1 second' where id = tests.id('north');
update public.workspaces set deleted_at = now() - interval '30 days' + interval '1 second' where id = tests.id('south');

alter table public.invitations disable trigger touch_updated_at;
insert into public.invitations (workspace_id, email, token_hash, status, expires_at, updated_at)
select tests.id('south'), name || '@tests.example', sha256(name::bytea), status, now() + expires_in, now() - age
from (values
  ('pending', 'pending', interval '1 second', interval '60 days'),
  ('over', 'pending', interval '0', interval '1 hour'),
  ('accepted-lately', 'accepted', interval '-20 days', interval '29 days'),
  ('accepted-long-ago', 'accepted', interval '-40 days', interval '31 days'),
  ('revoked-long-ago', 'revoked', interval '-40 days', interval '31 days')
) as i (name, status, expires_in, age);
insert into private.request_claims (workspace_id, scope, request_id, entry_id, claimed_at) values
  (tests.id('south'), 'audit', 'tests-old', 1, now() - interval '1 day 1 second'),
    (tests.id('south'), 'audit', 'tests-young', 2, now() - interval '23 hours');
insert into private.function_calls (job, function, status, request_id, finished_at, last_error, deadline) values
  ('tests-old', 'a', 'succeeded', 1, now() - interval '7 days 1 second', null, null),
  ('tests-old', 'a', 'lost', 1, now() - interval '7 days 1 second', 'silence', null),
  ('tests-young', 'a', 'failed', 1, now() - interval '6 days', 'no', null),
  ('tests-open', 'a', 'sent', 1, null, null, now() - interval '30 days');
insert into private.permission_revisions (user_id, raised_at) values
  (tests.id('gone'), now() - interval '1 day 1 second'), (tests.id('gone lately'), now() - interval '23 hours');
update private.permission_revisions set raised_at = now() - interval '30 days' where user_id = tests.id('clerk');
insert into cron.job_run_details (jobid, runid, username, command, end_time) values
  (0, 1000000001, current_user, 'tests-old', now() - interval '7 days 1 second'),
    (0, 1000000002, current_user, 'tests-young', now() - interval '6 days');
insert into private.scratch_values (key, expires_at) values ('tests:over', now());
insert into private.delegations (agent_id, user_id, workspace_id, role, scopes, revision, valid_until)
select agent.id, member.user_id, agent.workspace_id, member.role, '{memory:read}', 1,
  now() - case when row_number() over () = 1 then interval '1 second' else '0' end
from public.agents as agent join public.members as member using (workspace_id)
where agent.workspace_id = tests.id('south') limit 2;

create temporary table purged on commit drop as select private.purge() as counts;
select is(
  (select counts from purged),
  '{"workspaces": 1, "invitations": 2, "request_claims": 1, "function_calls": 2, "permission_revisions": 1, '
    '"job_run_details": 1, "delegations": 1, "counters": 3, "scratch_rows": 1}',
  'it says what it removed'
);
select is_empty($$select from public.workspaces
  where id = tests.id('north')$$, 'a workspace that was deleted more than 30 days ago is gone');
select is_empty($$select from public.members
  where workspace_id = tests.id('north')$$, 'with its members, the owner included');
select is_empty($$select from public.agents where workspace_id = tests.id('north')$$, 'its agents');
select is_empty($$select from public.permissions where workspace_id = tests.id('north')$$, 'and its permissions');
select isnt_empty($$select from public.audit_log
  where workspace_id = tests.id('north') and action = 'workspace.removed'$$, 'its log stays');
select isnt_empty($$select from public.workspaces
  where id = tests.id('south')$$, 'one that was deleted 30 days ago is there');
select isnt_empty($$select from public.profiles where user_id = tests.id('owner')$$, 'people stay');
select set_eq(
  $$select email, status from public.invitations where email ~ '@tests.example$'$$,
  $$values ('pending@tests.example', 'pending'), ('over@tests.example', 'expired'),
    ('accepted-lately@tests.example', 'accepted')$$,
  'an invitation that is over is called so, and settled ones go after 30 days'
);
select is((select array_agg(request_id) from private.request_claims where request_id ~ '^tests-'), array['tests-young'],
  'request ids are kept for a day');
select is((select array_agg(job order by job) from private.function_calls where job ~ '^tests-'),
  array['tests-open', 'tests-young'], 'finished calls for seven days, open ones as long as they are open');
select isnt_empty($$select from private.permission_revisions
  where user_id = tests.id('gone lately')$$, 'the revision of someone who is gone for a day');
select is_empty($$select from private.permission_revisions where user_id = tests.id('gone')$$, 'not longer');
select isnt_empty($$select from private.permission_revisions
  where user_id = tests.id('clerk')$$, 'that of someone who is here for ever');
select is((select array_agg(command) from cron.job_run_details where command ~ '^tests-'), array['tests-young'],
  'job runs for seven days');
select is_empty($$select from private.scratch_values
  where key = 'tests:over'$$, 'what ended in the scratchpad not at all');
select is(
  private.purge(),
  '{"workspaces": 0, "invitations": 0, "request_claims": 0, "function_calls": 0, "permission_revisions": 0, '
    '"job_run_details": 0, "delegations": 0, "counters": 0, "scratch_rows": 0}',
  'a second purge finds nothing'
);

-- Times that are not yet, and what never ends
update public.workspaces set deleted_at = null where id = tests.id('south');
select is(private.purge() ->> 'workspaces', '0', 'a workspace that was restored is not purged');
insert into private.scratch_values (key, expires_at) values ('tests:eternal', 'infinity');
select is(private.purge() ->> 'scratch_rows', '0', 'what never ends is not swept');
select is(
  (select string_agg(tests.try_as(who, 'select private.purge()'), ' ' order by place)
   from unnest(array['anonymous', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no yes', 'anonymous, owner, service, database: who purges'
);

select * from finish();
rollback;
