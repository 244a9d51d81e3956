-- Each bound with the one who runs into it, and the one beside them who does not notice.
begin;
\ir ../../world.psql
\ir thrice.psql
select plan(28);

-- A bound of two for everything that is counted here.
insert into public.workspace_limits (workspace_id, name, value)
  select tests.id('north'), l.name, 2 from private.limits as l
  where l.name not in ('seats', 'guests', 'agents', 'invitations', 'workspaces', 'document_characters',
    'embedding_jobs_waiting', 'background_queries_a_day');
insert into public.workspace_limits (workspace_id, name, value) values (tests.id('north'), 'document_characters', 100);
create temporary table answers (place integer generated always as identity, said text) on commit drop;
grant all on answers to public;

select is(tests.thrice('member', $$insert into public.conversations (workspace_id) values (tests.id('north'))$$),
  'ok ok 429 limit_reached', 'conversations a day');
select is(tests.thrice('admin', $$insert into public.conversations (workspace_id) values (tests.id('north'))$$),
  'ok ok 429 limit_reached', 'a colleague has a day of their own');
select is(tests.thrice('outsider', $$insert into public.conversations (workspace_id) values (tests.id('south'))$$),
  'ok ok ok', 'another workspace has its own bounds');
select is(tests.thrice('database', $$insert into public.conversations (workspace_id, user_id)
  values (tests.id('north'), tests.id('guest'))$$), 'ok ok ok', 'what the service does is nobody''s day');
select is(tests.thrice('member', $$select public.log_audit(tests.id('north'), 'report.exported')$$),
  'ok ok 429 limit_reached', 'audit entries a day, one by one');
select is(tests.answer_of($$select private.log_audit_entries(jsonb_build_array(jsonb_build_object('workspace_id',
  tests.id('north'), 'action', 'report.exported')), tests.id('member'))$$), '429 limit_reached', 'and in batches');
select tests.authenticate_as('database');
select is(tests.answer_of($$select private.log_audit_entries(jsonb_build_array(jsonb_build_object('workspace_id',
  tests.id('north'), 'action', 'report.exported')), null)$$), 'ok', 'the service writes on');
select is(tests.thrice('member', $$insert into public.analytics_events (workspace_id, name)
  values (tests.id('north'), 'report.opened')$$), 'ok ok 429 limit_reached', 'events a day');
select is((select count(*)::integer from public.analytics_events where workspace_id = tests.id('north')), 2,
  'what was refused is not there');

-- What a workspace keeps
select is(tests.thrice('database', $$insert into public.documents (workspace_id, path, name, content)
  values (tests.id('north'), 'd$n', 'D', 'x')$$), 'ok ok 403 limit_reached', 'documents, whoever writes');
select is(tests.answer_of($$delete from public.documents where workspace_id = tests.id('north') and path = 'd1'$$),
  'ok', 'one is removed');
select is(tests.answer_of($$insert into public.documents (workspace_id, path, name, content)
  values (tests.id('north'), 'd4', 'D', repeat('x', 99))$$), 'ok', 'and gives its place');
select is(tests.answer_of($$update public.documents set content = repeat('y', 100)
  where workspace_id = tests.id('north') and path = 'd4'$$), '403 limit_reached',
  'how long they all are is bounded too');
select is(tests.thrice('admin', $$insert into public.leads (workspace_id, state, county, parcel)
  values (tests.id('north'), 'TX', 'Travis', 'p$n')$$), 'ok ok 403 limit_reached', 'leads');
select is(tests.thrice('outsider', $$insert into public.leads (workspace_id, state, county, parcel)
  values (tests.id('south'), 'TX', 'Travis', 'p$n')$$), 'ok ok ok', 'those of others are not counted');

-- A document that is cut into too many pieces is refused before one of them is written.
delete from public.documents where workspace_id = tests.id('north');
update public.workspace_limits set value = 1000 where name in ('document_characters', 'documents');
create function tests.refuse_writing() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'WRITN';
end;
$$;
create trigger refuse_writing before insert on public.document_chunks execute function tests.refuse_writing();
select is(tests.answer_of($$insert into public.documents (workspace_id, path, name, content)
  values (tests.id('north'), 'many', 'D', E'# a\nb\n# c\nd\n# e\nf')$$), '403 limit_reached',
  'three pieces where two may be');
drop trigger refuse_writing on public.document_chunks;
select is(tests.answer_of($$insert into public.documents (workspace_id, path, name, content)
  values (tests.id('north'), 'few', 'D', E'# a\nb\n# c\nd')$$), 'ok', 'two pieces');
select is(tests.answer_of($$update public.documents set content = content || E'\n# e\nf'
  where workspace_id = tests.id('north') and path = 'few'$$), '403 limit_reached', 'a third one is refused');
select is(tests.answer_of($$update public.documents set content = E'# c\nd\n# g\nh'
  where workspace_id = tests.id('north') and path = 'few'$$), 'ok', 'another one in its place is not');
select is((select string_agg(content, ' ' order by ordinal)
  from private.split_text(E'# a\nb\n# c\nd\n# e\nf', most => 2)), 'b d', 'cutting ends where it is told to');

-- Strangers and what is shared
insert into public.conversations (id, workspace_id, user_id, visibility)
values (tests.id('shared'), tests.id('north'), tests.id('owner'), 'workspace');
insert into public.artifacts (id, workspace_id, user_id, conversation_id, kind, title, content, created_at)
  values (tests.id('plan'), tests.id('north'), tests.id('owner'), tests.id('shared'), 'text', 'Plan', 'a b c',
    '2026-01-01 00:00:00Z');
create function tests.suggest() returns text language sql as $$
  select $q$insert
    into public.suggestions (workspace_id, artifact_id, artifact_created_at, original_text, suggested_text)
    values (tests.id('north'), tests.id('plan'), '2026-01-01 00:00:00Z', 'a', 'x$n')$q$;
$$;
update public.workspace_limits set value = 3 where name = 'suggestions_open';
select is(tests.thrice('member', tests.suggest()), 'ok ok 429 limit_reached', 'suggestions a day');
select is(tests.thrice('admin', tests.suggest()), 'ok 403 limit_reached 403 limit_reached',
  'and all of them together for one artifact');
select is(tests.try_as('clerk', $$delete from public.suggestions where artifact_id = tests.id('plan')$$), 'none',
  'a stranger removes none');
select tests.authenticate_as('owner');
select results_eq($$with gone as (delete from public.suggestions where artifact_id = tests.id('plan')
  returning 1) select count(*) from gone$$, $$values (3::bigint)$$, 'the owner removes what others suggested');
select tests.authenticate_as('database');

-- What waits
insert into public.conversations (id, workspace_id, user_id)
values (tests.id('talk'), tests.id('north'), tests.id('owner')),
  (tests.id('other'), tests.id('north'), tests.id('guest'));
select is(tests.thrice('owner', $$select public.ask_in_background(tests.id('talk'), 'research')$$),
  'ok ok 429 limit_reached', 'background queries that wait');
update public.background_queries set status = 'cancelled', finished_at = now()
where id = (select min(id) from public.background_queries where user_id = tests.id('owner'));
select is(tests.thrice('owner', $$select public.ask_in_background(tests.id('talk'), 'research')$$),
  'ok 429 limit_reached 429 limit_reached', 'one that ends gives its place');
select is(tests.thrice('guest', $$select public.ask_in_background(tests.id('other'), 'research')$$),
  'ok ok 429 limit_reached', 'another person has places of their own');

-- The counters say what there is.
select is_empty($$
  select workspace.slug, counted.name from public.workspaces as workspace
  cross join lateral (values
    ('agents', (select count(*) from public.agents where workspace_id = workspace.id)),
    ('documents', (select count(*) from public.documents where workspace_id = workspace.id)),
    ('document_characters', (select coalesce(sum(length(content)), 0) from public.documents
      where workspace_id = workspace.id)),
    ('leads', (select count(*) from public.leads where workspace_id = workspace.id)),
    ('seats', (select count(*) from public.members where workspace_id = workspace.id and role <> 'guest'))
  ) as counted (name, n)
  left join private.counters as counter on counter.subject = workspace.id and counter.name = counted.name
  where coalesce(counter.used, 0) <> counted.n$$, 'nothing is counted that is not there');

select * from finish();
rollback;
