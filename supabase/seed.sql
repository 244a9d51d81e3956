-- A small world to begin with: two companies, their people, their agents, and who may use which. Everybody's password is `groundwork-demo`.
--
--   Acme    Ada (owner), Ben (admin), Juan (member), Gwen (guest)     HR, Recruiter, Bookkeeper, Scout (a draft)
--   Globex  Olga (owner), Pia (member)                               Support
--
-- Safe to run twice. Not for production: a hosted project is pushed without seeds unless asked (`db push --include-seed`).

do $$
declare
  person record;
  account jsonb;
  columns text;
begin
  for person in
    select * from (values
      ('00000000-0000-4000-a000-000000000001', 'ada@acme.example', 'Ada'),
      ('00000000-0000-4000-a000-000000000002', 'ben@acme.example', 'Ben'),
      ('00000000-0000-4000-a000-000000000003', 'juan@acme.example', 'Juan'),
      ('00000000-0000-4000-a000-000000000004', 'gwen@partner.example', 'Gwen'),
      ('00000000-0000-4000-a000-000000000005', 'olga@globex.example', 'Olga'),
      ('00000000-0000-4000-a000-000000000006', 'pia@globex.example', 'Pia')
    ) as p (id, email, name)
  loop
    continue when exists (select from auth.users where email = person.email);
    account := jsonb_build_object(
      'instance_id', '00000000-0000-0000-0000-000000000000', 'id', person.id, 'aud', 'authenticated', 'role', 'authenticated',
      'email', person.email, 'encrypted_password', '$2a$10$cE9gYldNLDFNvdR/8e70Yed5Fr7alCGWUCXJTbsjvAzivAPJSKoZa',
      'email_confirmed_at', now(), 'raw_app_meta_data', '{"provider": "email", "providers": ["email"]}'::jsonb,
      'raw_user_meta_data', jsonb_build_object('display_name', person.name), 'created_at', now(), 'updated_at', now(),
      -- The auth service reads these as strings and fails on null; the local one wants them null.
      'confirmation_token', '', 'recovery_token', '', 'email_change_token_new', '', 'email_change', ''
    );
    -- The auth service's columns differ between versions: only those that are there are written.
    select string_agg(quote_ident(c.column_name), ', ') into columns
    from information_schema.columns as c
    where c.table_schema = 'auth' and c.table_name = 'users' and c.is_generated = 'NEVER' and account ? c.column_name;
    execute format('insert into auth.users (%1$s) select %1$s from jsonb_populate_record(null::auth.users, $1)', columns) using account;
    execute format(
      'insert into auth.identities (%1$s) select %1$s from jsonb_populate_record(null::auth.identities, $1)',
      (select string_agg(quote_ident(c.column_name), ', ') from information_schema.columns as c
       where c.table_schema = 'auth' and c.table_name = 'identities' and c.is_generated = 'NEVER'
         and c.column_name in ('id', 'user_id', 'provider', 'provider_id', 'identity_data', 'last_sign_in_at', 'created_at', 'updated_at'))
    ) using jsonb_build_object(
      'id', person.id, 'user_id', person.id, 'provider', 'email', 'provider_id', person.id,
      'identity_data', jsonb_build_object('sub', person.id, 'email', person.email, 'email_verified', true),
      'last_sign_in_at', now(), 'created_at', now(), 'updated_at', now()
    );
  end loop;
end;
$$;

insert into public.workspaces (id, name, slug, billing_plan, region, k8s_namespace) values
  ('00000000-0000-4000-b000-000000000001', 'Acme', 'acme', 'team', 'eu', 'acme'),
  ('00000000-0000-4000-b000-000000000002', 'Globex', 'globex', 'free', 'us', 'globex')
on conflict do nothing;

insert into public.members (workspace_id, user_id, role, invited_by) values
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000001', 'owner', null),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000002', 'admin', '00000000-0000-4000-a000-000000000001'),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000003', 'member', '00000000-0000-4000-a000-000000000002'),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000004', 'guest', '00000000-0000-4000-a000-000000000002'),
  ('00000000-0000-4000-b000-000000000002', '00000000-0000-4000-a000-000000000005', 'owner', null),
  ('00000000-0000-4000-b000-000000000002', '00000000-0000-4000-a000-000000000006', 'member', '00000000-0000-4000-a000-000000000005')
on conflict do nothing;

insert into public.agents (id, workspace_id, slug, name, description, endpoint_url, status) values
  ('00000000-0000-4000-c000-000000000001', '00000000-0000-4000-b000-000000000001', 'hr', 'HR',
   'Answers questions about contracts, leave and pay.', 'http://hr.acme.svc.cluster.local', 'published'),
  ('00000000-0000-4000-c000-000000000002', '00000000-0000-4000-b000-000000000001', 'recruiter', 'Recruiter',
   'Reads applications and proposes whom to meet.', 'http://recruiter.acme.svc.cluster.local', 'published'),
  ('00000000-0000-4000-c000-000000000003', '00000000-0000-4000-b000-000000000001', 'bookkeeper', 'Bookkeeper',
   'Files receipts and drafts the month''s accounts.', 'http://bookkeeper.acme.svc.cluster.local', 'published'),
  ('00000000-0000-4000-c000-000000000004', '00000000-0000-4000-b000-000000000001', 'scout', 'Scout',
   'Looks for leads. Not ready.', 'http://scout.acme.svc.cluster.local', 'draft'),
  ('00000000-0000-4000-c000-000000000005', '00000000-0000-4000-b000-000000000002', 'support', 'Support',
   'Answers customers.', 'http://support.globex.svc.cluster.local', 'published')
on conflict do nothing;

insert into public.permissions (user_id, agent_id, workspace_id, can_use, granted_by, reason) values
  ('00000000-0000-4000-a000-000000000003', '00000000-0000-4000-c000-000000000001', '00000000-0000-4000-b000-000000000001',
   true, '00000000-0000-4000-a000-000000000002', 'Joined the people team'),
  ('00000000-0000-4000-a000-000000000003', '00000000-0000-4000-c000-000000000002', '00000000-0000-4000-b000-000000000001',
   true, '00000000-0000-4000-a000-000000000002', 'Joined the people team'),
  ('00000000-0000-4000-a000-000000000004', '00000000-0000-4000-c000-000000000002', '00000000-0000-4000-b000-000000000001',
   true, '00000000-0000-4000-a000-000000000002', 'Outside recruiter'),
  ('00000000-0000-4000-a000-000000000006', '00000000-0000-4000-c000-000000000005', '00000000-0000-4000-b000-000000000002',
   true, '00000000-0000-4000-a000-000000000005', 'On the support desk')
on conflict do nothing;

-- What Acme knows and what is remembered of Juan. Their embeddings are made by the function embed.
insert into public.documents (id, workspace_id, path, name, language, tags, content) values
  ('00000000-0000-4000-d000-000000000001', '00000000-0000-4000-b000-000000000001', 'handbook.leave', 'Leave', 'english', '{hr}',
   E'# Vacation\n\nEverybody has thirty days of vacation a year. Unused days move to the next year until the end of March.\n\n# Sickness\n\nCall your lead before nine. From the third day on a note is needed.'),
  ('00000000-0000-4000-d000-000000000002', '00000000-0000-4000-b000-000000000001', 'handbook.expenses', 'Expenses', 'english', '{finance}',
   E'# Travel\n\nTrains before planes. Receipts go to the Bookkeeper within a month.')
on conflict (id) do nothing;
insert into public.memories (id, workspace_id, user_id, kind, category, content, language, confidence) values
  ('00000000-0000-4000-e000-000000000001', '00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000003',
   'profile', 'personal', 'Works in the people team.', 'english', 0.9),
  ('00000000-0000-4000-e000-000000000002', '00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000003',
   'fact', 'preference', 'Prefers short answers.', 'english', 0.8)
on conflict (id) do nothing;
insert into public.memory_sources (workspace_id, memory_id, user_id, source_kind, content, confidence)
select m.workspace_id, m.id, m.user_id, m.source_kind, m.content, m.confidence from public.memories as m
where m.id in ('00000000-0000-4000-e000-000000000001', '00000000-0000-4000-e000-000000000002')
  and not exists (select from public.memory_sources as s where s.workspace_id = m.workspace_id and s.memory_id = m.id);
