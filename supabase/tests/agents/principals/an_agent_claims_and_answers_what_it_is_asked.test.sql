-- What people ask in the background: each agent claims what it is asked, and exchanges the claim for the asker's name.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir tokens.psql
select plan(14);

update public.agent_credentials set scopes = array['conversations:read', 'conversations:write']
where agent_id = tests.id('hr');
insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
values (tests.id('north'), tests.id('hr'), tests.id('member'), array['conversations:read', 'conversations:write'])
on conflict (agent_id, user_id) do update set scopes = excluded.scopes;
insert into public.conversations (id, workspace_id, user_id, agent_id) values
  (tests.id('with hr'), tests.id('north'), tests.id('member'), tests.id('hr')),
  (tests.id('with payroll'), tests.id('north'), tests.id('member'), tests.id('payroll')),
  (tests.id('with nobody'), tests.id('north'), tests.id('member'), null);
do $$ begin perform tests.authenticate_as('service'); end; $$;
create temporary table asked (about text, id bigint);
insert into asked
select talk, public.ask_in_background(tests.id('with ' || talk), 'answer')
from unnest(array['payroll', 'nobody', 'hr']) with ordinality as one (talk, place) order by place;
do $$ begin perform tests.authenticate_as('database'); end; $$;

create function tests.claims_of(agent text) returns text language sql as $$
  select coalesce(string_agg(asked.about, ' ' order by asked.id), 'nothing')
  from private.claim_work_as_agent('background_queries', 'w', 10, '1 minute', tests.id('north'), tests.id(agent))
    as held
  join asked on asked.id = held.id;
$$;
select is(tests.claims_of('hr'), 'hr', 'an agent claims what it is asked, and neither another''s nor nobody''s');
select is(tests.claims_of('hr'), 'nothing', 'once');
select is(tests.claims_of('desk'), 'nothing', 'an agent of another workspace claims nothing here');
select is(tests.claims_of('payroll'), 'payroll', 'the other agent has its own');
select results_eq(
  $$select status, claimed_by::text, attempts from public.background_queries where agent_id = tests.id('hr')$$,
  $$values ('in_progress', 'w', 1::smallint)$$, 'a claim is a lease as everybody''s'
);
select is(
  (select array_agg(id) from private.claim_work('background_queries', 'w', 10)),
  (select array_agg(id) from asked where about = 'nobody'), 'what is left the operator''s workers find'
);

create function tests.asker(about text, agent text, under text default 'its token') returns text language sql as $$
  select case private.asker_of_query(q.id,
      case when under = 'its token' then q.claim_token else gen_random_uuid() end, tests.id(agent))
    when tests.id('member') then 'member' end
  from public.background_queries as q join asked on asked.id = q.id where asked.about = $1;
$$;
select is(tests.asker('hr', 'hr'), 'member', 'who holds a query knows for whom it answers');
select is(tests.asker('hr', 'payroll'), null, 'another agent does not, even by the claim''s token');
select is(tests.asker('hr', 'hr', 'another'), null, 'nor does the agent by another token');
select is(tests.asker('nobody', 'hr'), null, 'nor of what it is not asked');
update public.background_queries set lease_expires_at = now() - interval '1 second' where agent_id = tests.id('hr');
select is(tests.asker('hr', 'hr'), null, 'when the lease has ended, it is over');

create function tests.makes_an_artifact(who text, talk text) returns text language sql as $$
  select tests.try_as(who, format('insert into public.artifacts (workspace_id, conversation_id, kind, title) '
    'values (%L, %L, ''text'', ''X'') returning id', tests.id('north'), tests.id(talk)));
$$;
select is(
  tests.makes_an_artifact('member via hr: conversations:read conversations:write', 'with hr'), 'yes',
  'an agent makes an artifact in its person''s conversation with it'
);
select is(
  tests.makes_an_artifact('member via hr: conversations:read conversations:write', 'with payroll')
    || ' ' || tests.makes_an_artifact('member via hr: conversations:read', 'with hr')
    || ' ' || tests.makes_an_artifact('hr: conversations:read conversations:write', 'with hr'),
  'no no no', 'not in another''s, not without the scope, not as itself'
);
select is(tests.makes_an_artifact('member', 'with payroll'), 'yes', 'the person in each of their own');
select * from finish();
rollback;
