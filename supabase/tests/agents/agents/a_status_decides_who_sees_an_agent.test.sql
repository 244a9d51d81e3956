begin;
\ir ../../world.psql
select plan(12);

-- Everyone is given everything in north: what is left is what the status takes away.
delete from public.permissions;
insert into public.permissions (user_id, agent_id, workspace_id)
  select tests.id(who), tests.id(agent), tests.id('north')
  from unnest(array['owner', 'admin', 'member', 'guest']) as who cross
  join unnest(array['hr', 'payroll', 'lab', 'idle', 'relic']) as agent;

create function tests.usable_by(who text) returns text language plpgsql as $$
declare
  slugs text;
begin
  perform tests.authenticate_as(who);
  select string_agg(slug, ' ' order by slug) into slugs from public.my_agents();
  perform tests.authenticate_as('database');
  return slugs;
end;
$$;
create function tests.seen_by(who text) returns text language plpgsql as $$
declare
  slugs text;
begin
  perform tests.authenticate_as(who);
  select string_agg(slug, ' ' order by slug) into slugs from public.agents;
  perform tests.authenticate_as('database');
  return slugs;
end;
$$;

select is(tests.usable_by('guest'), 'hr payroll', 'a guest uses what is published');
select is(tests.usable_by('member'), 'hr payroll', 'so does a member');
select is(tests.usable_by('admin'), 'hr lab payroll', 'an admin also uses drafts');
select is(tests.usable_by('owner'), 'hr lab payroll', 'so does an owner');
select is(tests.usable_by('outsider'), 'desk', 'another tenant''s owner has their own');
select is(tests.usable_by('newcomer'), null, 'who belongs nowhere has none');
select is(tests.seen_by('member'), 'hr payroll', 'a member sees only what they may use');
select is(tests.seen_by('admin'), 'hr idle lab payroll relic', 'an admin sees all, to manage them');

update public.agents set status = 'paused' where id = tests.id('hr');
select is(tests.usable_by('member'), 'payroll', 'pausing takes an agent from a member');
select is(tests.usable_by('owner'), 'lab payroll', 'and from an owner');
update public.agents set status = 'published' where id in (tests.id('hr'), tests.id('lab'));
select is(tests.usable_by('member'), 'hr lab payroll', 'publishing gives it back');
select is(
  tests.answer_of($$update public.agents set status = 'gone' where id = tests.id('hr')$$), '23514',
  'there is no other status'
);

select * from finish();
rollback;
