-- Routes are written down with parameters and asked about as they are called.
begin;
\ir ../../world.psql
create function pg_temp.scopes_of(action text, path text) returns text language sql as $$
  select coalesce(nullif(array_to_string(private.scopes_that_open(
    jsonb_build_object('type', 'route', 'id', path), action), ' '), ''), 'none');
$$;
select plan(7);
select is(pg_temp.scopes_of('POST', '/streams'), 'conversations:write', 'a route without parameters');
select is(pg_temp.scopes_of('POST', '/streams/5/chunks'), 'conversations:write', 'one with a parameter in it');
select is(pg_temp.scopes_of('POST', '/streams/5/6/chunks'), 'none', 'a parameter is one part of a path');
select is(pg_temp.scopes_of('GET', '/streams/v1/stream/conversations/5/notes'), 'conversations:read',
  'a path below one');
select is(pg_temp.scopes_of('GET', '/streams/v1/stream/'), 'none', 'and not without anything below it');
select is(pg_temp.scopes_of('GET', '/context/5'), 'conversations:read memory:read', 'one that takes two scopes');
select is(pg_temp.scopes_of('DELETE', '/account'), 'none', 'what no scope opens');
select * from finish();
rollback;
