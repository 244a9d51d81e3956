begin;
\ir ../../world.psql
\ir ../trial.psql
select plan(22);

select is(tests.answer_of($$select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir')$$), 'ok',
  'north has a business');
select is(tests.answer_of($$select private.create_business(tests.id('south'), 'sc_', 'StructCalc')$$), 'ok',
  'and south another');
insert into public.pn_trial_leads (workspace_id, name) values (tests.id('north'), 'There before');
insert into public.pn_trial_queue (workspace_id, lead_id) select workspace_id, id from public.pn_trial_leads;

select is(private.for_each_business($ddl$
  alter table public.{prefix}trial_leads add column rank integer not null default 3,
    add constraint rank_is_positive check (rank > 0);
  comment on column public.{prefix}trial_leads.rank is 'How good it is.';
  create index {prefix}trial_leads_rank on public.{prefix}trial_leads (workspace_id, rank)
    where rank between 1 and 5 and county <> 'none';
  grant update (rank) on public.{prefix}trial_leads to authenticated;
  create policy "Admins rank" on public.{prefix}trial_leads for update to authenticated
    using (exists (select from public.{prefix}trial_queue where {prefix}trial_queue.lead_id = {prefix}trial_leads.id))
    with check (rank between 1 and 9 and {prefix}trial_leads.name <> 'void');
  alter table public.{prefix}trial_queue add column backup_id uuid,
    add constraint backup_lead foreign key (workspace_id, backup_id)
    references public.{prefix}trial_leads (workspace_id, id);
  alter table public.{prefix}trial_notes drop column body;
$ddl$), 3, 'a change is made three times: to the templates and to two businesses');
select is_empty('select * from private.business_differences()', 'after it no business differs');
select results_eq(
  $$select conrelid::regclass::text, confrelid::regclass::text from pg_constraint where conname = 'backup_lead'
  order by 1$$,
  $$values ('pn_trial_queue', 'pn_trial_leads'), ('sc_trial_queue', 'sc_trial_leads'), ('trial_queue', 'trial_leads')$$,
  'a new foreign key stays within a business'
);
select is((select rank from public.pn_trial_leads), 3, 'rows that were there have the column');
select is(
  (select work ? 'backup_id' from private.claim_work('pn_trial_queue', 'worker', 1)), true,
    'a claim answers the new column at once'
);
select is(tests.answer_of($$select private.create_business(tests.id('north'), 'yy_', 'Young')$$), 'ok',
  'a business made later');
select is_empty('select * from private.business_differences()', 'has it as well');

-- What would leave a business behind is refused, and undone everywhere.
select is(
  tests.answer_of($$select private.for_each_business('create index if not exists pn_lone on public.pn_trial_leads '
    '(score) where ''{prefix}'' is not null')$$),
  'P0001', 'a change of one business is refused'
);
select is(to_regclass('public.pn_lone'), null, 'and not made');
select is(
  tests.answer_of($$select private.for_each_business('alter table public.{prefix}trial_notes add foreign key '
    '(queue_id) references public.{prefix}trial_queue (id)')$$),
  'P0001', 'so is a constraint without a name: clients could not name it alike for each business'
);
select is(tests.answer_of($$select
  private.for_each_business('alter table public.trial_leads add column lone integer')$$), 'P0001',
  'so is one that names no prefix');
select is(
  tests.answer_of($$select private.for_each_business('alter table public.{prefix}trial_leads add column failing '
    'integer; select 1 / (length(''{prefix}'') - 3)')$$),
  '22012', 'one that fails for a business fails'
);
select hasnt_column('public', 'trial_leads', 'failing', 'for all');

-- A difference that was there already stands in nobody's way, and is still said.
drop index public.sc_trial_leads_rank;
select is(private.for_each_business('alter table public.{prefix}trial_leads add column late integer'), 4,
  'a business that somebody changed by hand');
select results_eq(
  'select business, table_name, part, name from private.business_differences()',
  $$values ('sc_', 'trial_leads', 'index', '{prefix}trial_leads_rank')$$,
    'differs in what they changed, and in nothing else'
);
select is(
  (select private.with_prefix(of_template, business) from private.business_differences()),
  'CREATE INDEX sc_trial_leads_rank ON public.sc_trial_leads USING btree (workspace_id, rank) WHERE ((rank >= 1) AND '
    '(rank <= 5) AND (county <> ''none''::text))',
  'together with the statement that mends it'
);

-- A template that is new
create table public.trial_late (id bigint generated always as identity primary key, workspace_id uuid not null,
  lead_id uuid references public.trial_leads (id));
select private.register_business_template('trial_late') is null as registered;
select is((select count(*) from private.business_differences('pn_') where table_name <> 'trial_late'), 0::bigint,
  'a new template is all that a business lacks');
select is((select string_agg(private.stamp_tables(prefix, array['trial_late'])::text, '') from public.businesses
  where prefix <> ''), '', 'it is stamped for each');
select is((select count(distinct business) from private.business_differences() where business <> 'sc_'), 0::bigint,
  'and then nothing is missing');

-- The real ones among the templates
select is_empty(
  $$select t.table_name from private.business_templates as t
    where not exists (select from pg_trigger as g
      where g.tgrelid = to_regclass('public.' || t.table_name) and g.tgfoid = 'private.keep_to_business()'::regprocedure
      and g.tgargs = convert_to(t.table_name, 'utf8') || '\x00'::bytea)$$,
  'every template keeps rows of other workspaces out of what is stamped from it'
);

select * from finish();
rollback;
