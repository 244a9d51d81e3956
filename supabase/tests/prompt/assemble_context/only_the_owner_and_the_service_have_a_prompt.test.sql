begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(8);
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');

create function pg_temp.asked_by(who text) returns text language plpgsql as $$
declare
  answer text;
begin
  perform tests.authenticate_as(who);
  answer := tests.answer_of($q$select public.assemble_context(tests.id('north talk'))$q$);
  perform tests.authenticate_as('database');
  return answer;
end;
$$;
select is(pg_temp.asked_by('member'), 'ok', 'the owner');
select is(pg_temp.asked_by('service'), 'ok', 'the service');
select is(pg_temp.asked_by('admin'), '404 not_found', 'not an admin, though they read the shared conversation');
select is(pg_temp.asked_by('outsider'), '404 not_found', 'not an outsider');
select is(pg_temp.asked_by('anonymous'), '42501', 'not without a token');
delete from public.members where user_id = tests.id('member');
select is(pg_temp.asked_by('member'), '404 not_found', 'not the owner once they have left');
update public.conversations set deleted_at = now() where id = tests.id('north talk');
select is(pg_temp.asked_by('service'), '404 not_found', 'nobody when it is deleted');
select is((select count(*)::integer from public.context_records), 2, 'a refusal leaves no record');

select * from finish();
rollback;
