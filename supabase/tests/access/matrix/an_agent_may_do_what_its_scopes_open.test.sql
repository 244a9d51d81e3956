-- The three actors that act with an agent's token, over the whole matrix: what is not listed here as opened is closed
-- to them.
begin;
\ir ../../world.psql
\ir expectations/all.psql

-- hr in north may all that there is, by its credential and by the member's consent.
update public.agent_credentials set scopes = array(select name from public.scopes() where name <> 'work:*')
where agent_id = tests.id('hr');
update public.agent_consents set scopes = array(select name from public.scopes() where name <> 'work:*')
where agent_id = tests.id('hr');
create temporary table actors (place integer, name text, who text) on commit drop;
insert into actors
select actor.place, actor.name, actor.person || string_agg(scope.name, ' ' order by scope.name)
from (values (1, 'itself', 'hr: '), (2, 'for the member', 'member via hr: ')) as actor (place, name, person)
cross join public.scopes() as scope where scope.name <> 'work:*' group by actor.place, actor.name, actor.person
union all values (3, 'for the member, without a scope', 'member via hr: ');

-- What is opened in north; everything else is shut, in north and in south, for all three.
create temporary table opened (table_name text, verb text, outcomes text) on commit drop;
insert into opened values
-- The columns:                      itself · for the member · without a scope
('conversations', 'select',          'none yes none'),
('messages', 'select',               'none yes none'),
('message_states', 'select',         'none yes none'),
('votes', 'select',                  'none yes none'),
('artifacts', 'select',              'none yes none'),
('latest_artifacts', 'select',       'none yes none'),
('suggestions', 'select',            'none yes none'),
('memories', 'select',               'none yes none'),
('memory_sources', 'select',         'none yes none'),
('agent_memory', 'select',           'yes yes none'),
('agent_memory_history', 'select',   'yes yes none'),
('documents', 'select',              'yes yes none'),
('documents', 'insert',              'yes yes no'),
('documents', 'update',              'yes yes none'),
('document_chunks', 'select',        'yes yes none'),
('document_chunks', 'insert',        'yes yes no'),
('document_chunks', 'update',        'yes yes none');

create temporary view answers as
select e.table_name, e.verb, e.tenant, e.statement, e.outcomes,
  string_agg(tests.try_as(actors.who, e.statement), ' ' order by actors.place) as answered
from expectations as e cross join actors group by 1, 2, 3, 4, 5;
create temporary table answered on commit drop as select * from answers;

select plan(5);
select set_eq(
  $$select table_name, verb, answered from answered where tenant = 'north' and answered ~ 'yes'$$,
  'select * from opened', 'itself, for the member, without a scope: exactly these are opened'
);
select is_empty(
  $$select * from answered where tenant = 'south' and answered ~ 'yes'$$, 'in another workspace nothing is'
);
select is_empty(
  $$select table_name, verb, tenant, answered from answered
    where not string_to_array(answered, ' ') <@ array['yes', 'none', 'no']$$,
  'whatever is shut is shut as to everybody, without another error'
);
select is_empty(
  $$select table_name, verb, answered, outcomes from answered
    where tenant = 'north' and split_part(answered, ' ', 2) = 'yes' and split_part(outcomes, ' ', 4) <> 'yes'$$,
  'for the member it may nothing that the member may not'
);
select is_empty(
  $$select o.table_name, o.verb from opened as o
    where not exists (select from public.scopes() as s where format('%s %s', o.verb, o.table_name) = any (s.opens))$$,
  'and rpc/scopes names each of them'
);
select * from finish();
rollback;
