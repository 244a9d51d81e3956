begin;
\ir ../../world.psql
select plan(36);

insert into public.workspaces (id, name, slug) values (tests.id('west'), 'West', 'tests-west');

create function tests.answer_for(endpoint text, workspace text default 'north') returns text language sql as $$
  select tests.answer_of(format(
    $x$insert into public.agents (workspace_id, slug, name, endpoint_url)
    values (tests.id(%L), 'x' || left(md5(%L), 8), 'X', %L)$x$, workspace, endpoint, endpoint
  ));
$$;

select is(tests.answer_for(endpoint), 'ok', endpoint || ' is taken')
from unnest(array[
  'https://agents.example', 'https://agents.example:8443/hr', 'https://agents.example/a/b',
  'http://a.tests-north.svc.cluster.local', 'http://b.tests-north.svc.cluster.local:8080/path',
  'http://pod-0.c.tests-north.svc.cluster.local'
]) as endpoint;

select is(tests.answer_for(endpoint), '23514', format('%L is not an endpoint', endpoint))
from unnest(array[
  '', 'ftp://agents.example', 'javascript:alert(1)', 'https://', 'https:///path', 'HTTPS://agents.example',
  'HTTP://a.tests-south.svc.cluster.local',
  'https://agents.example/#fragment', 'https://agents.example/a b', 'https://agents.example' || repeat('/x', 1000)
]) as endpoint;

select is(tests.answer_for(endpoint), '422 endpoint_outside_namespace',
  format('%L is not inside the namespace', endpoint))
from unnest(array[
  'http://agents.example', 'http://10.0.0.1', 'http://a.tests-north.svc.cluster.local.evil.example',
  'http://evil.example/a.tests-north.svc.cluster.local', 'http://evil.example#.tests-north.svc.cluster.local',
  E'http://a.tests-north.svc.cluster.local\n'
]) as endpoint;

select is(tests.answer_for(endpoint), '422 secret_in_url', format('%L could carry a secret', endpoint))
from unnest(array[
  'https://user:word@agents.example', 'https://agents.example/chat?key=secret', 'https://agents.example?x',
  'http://a.tests-north.svc.cluster.local/?t=1'
]) as endpoint;

select is(tests.answer_for('http://a.tests-south.svc.cluster.local'), '422 endpoint_outside_namespace',
  'another tenant''s namespace is refused');
select is(tests.answer_for('http://tests-north.tests-south.svc.cluster.local'), '422 endpoint_outside_namespace',
  'also behind a service of one''s own name');
select is(tests.answer_for('http://a.tests-north.svc.cluster.local.svc.cluster.local'),
  '422 endpoint_outside_namespace', 'and a namespace that only looks like one');
select is(tests.answer_for('http://a.tests-south.svc.cluster.local', 'west'), '422 endpoint_outside_namespace',
  'a workspace without a namespace has none to point into');
select is(tests.answer_for('http://svc.cluster.local', 'west'), '422 endpoint_outside_namespace',
  'not even to the cluster itself');
select is(tests.answer_for('http://x.svc.cluster.local', 'west'), '422 endpoint_outside_namespace',
  'nor to an address without one');
select is(tests.answer_for('http://.tests-south.svc.cluster.local', 'west'), '422 endpoint_outside_namespace',
  'nor to one that begins with a dot');

select is(
  tests.answer_of($$update public.agents set endpoint_url = 'http://desk.tests-south.svc.cluster.local'
    where id = tests.id('hr')$$),
  '422 endpoint_outside_namespace', 'changing an endpoint is checked the same way'
);
select is(
  tests.answer_of($$update public.agents set endpoint_url = 'http://hr.tests-north.svc.cluster.local'
    where id = tests.id('lab')$$), 'ok',
  'and allowed the same way'
);
select is(
  tests.answer_of($$update public.agents set workspace_id = tests.id('south') where id = tests.id('lab')$$),
  '422 endpoint_outside_namespace',
  'moving an agent to another workspace is checked too'
);

select * from finish();
rollback;
