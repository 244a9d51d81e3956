begin;
\ir ../../world.psql
select plan(8);

create function tests.seen_by(who text) returns text[] language plpgsql as $$
declare
  seen text[];
begin
  perform tests.authenticate_as(who);
  select array_agg(display_name order by display_name) into seen from public.profiles;
  perform tests.authenticate_as('database');
  return seen;
end;
$$;

select is(tests.seen_by('member'), array['Admin', 'Guest', 'Member', 'Owner'],
  'a member sees the people of the workspace');
select is(tests.seen_by('owner'), array['Admin', 'Guest', 'Member', 'Owner'], 'an owner sees no more');
select is(tests.seen_by('guest'), array['Guest'], 'a guest sees nobody else');
select is(tests.seen_by('newcomer'), array['Newcomer'], 'who belongs nowhere sees nobody else');
select is(tests.seen_by('stranger'), null, 'a token without a subject sees nobody');
select is(tests.seen_by('outsider'), array['Clerk', 'Outsider'], 'another tenant has its own people');

insert into public.members (workspace_id, user_id, role) values (tests.id('south'), tests.id('member'), 'member');
select is(tests.seen_by('member'), array['Admin', 'Clerk', 'Guest', 'Member', 'Outsider', 'Owner'],
  'who is in two workspaces sees both');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select is(tests.seen_by('member'), array['Clerk', 'Member', 'Outsider'], 'of a deleted workspace nobody is seen');

select * from finish();
rollback;
