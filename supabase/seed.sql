-- A small world to begin with: two companies, their people, their agents, and who may use which. Everybody's password
-- is `groundwork-demo`.
--
--   Acme    Ada (owner), Ben (admin), Juan (member), Gwen (guest)     HR, Recruiter, Bookkeeper, Scout (a draft)
--   Globex  Olga (owner), Pia (member)                               Support
--
-- Safe to run twice. Not for production: a hosted project is pushed without seeds unless asked (`db push
-- --include-seed`).

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
    -- The hash is of the cheapest kind (cost 4): everybody knows the password, and the tests sign in often.
    account := jsonb_build_object(
      'instance_id', '00000000-0000-0000-0000-000000000000', 'id', person.id, 'aud', 'authenticated', 'role',
      'authenticated',
      'email', person.email, 'encrypted_password', '$2a$04$cE9gYldNLDFNvdR/8e70YefneHOmyuYgb0P3tAm8CqwHGlZGeGUES',
      'email_confirmed_at', now(), 'raw_app_meta_data', '{"provider": "email", "providers": ["email"]}'::jsonb,
      'raw_user_meta_data', jsonb_build_object('display_name', person.name), 'created_at', now(), 'updated_at', now(),
      -- The auth service reads these as strings and fails on null; the local one wants them null.
      'confirmation_token', '', 'recovery_token', '', 'email_change_token_new', '', 'email_change', ''
    );
    -- The auth service's columns differ between versions: only those that are there are written.
    select string_agg(quote_ident(c.column_name), ', ') into columns
    from information_schema.columns as c
    where c.table_schema = 'auth' and c.table_name = 'users' and c.is_generated = 'NEVER' and account ? c.column_name;
    execute format('insert into auth.users (%1$s) select %1$s from jsonb_populate_record(null::auth.users, $1)',
      columns) using account;
    execute format(
      'insert into auth.identities (%1$s) select %1$s from jsonb_populate_record(null::auth.identities, $1)',
      (select string_agg(quote_ident(c.column_name), ', ') from information_schema.columns as c
       where c.table_schema = 'auth' and c.table_name = 'identities' and c.is_generated = 'NEVER'
         and c.column_name in ('id', 'user_id', 'provider', 'provider_id', 'identity_data', 'last_sign_in_at',
           'created_at', 'updated_at'))
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
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000002', 'admin',
    '00000000-0000-4000-a000-000000000001'),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000003', 'member',
    '00000000-0000-4000-a000-000000000002'),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000004', 'guest',
    '00000000-0000-4000-a000-000000000002'),
  ('00000000-0000-4000-b000-000000000002', '00000000-0000-4000-a000-000000000005', 'owner', null),
  ('00000000-0000-4000-b000-000000000002', '00000000-0000-4000-a000-000000000006', 'member',
    '00000000-0000-4000-a000-000000000005')
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
  ('00000000-0000-4000-a000-000000000003', '00000000-0000-4000-c000-000000000001',
    '00000000-0000-4000-b000-000000000001',
   true, '00000000-0000-4000-a000-000000000002', 'Joined the people team'),
  ('00000000-0000-4000-a000-000000000003', '00000000-0000-4000-c000-000000000002',
    '00000000-0000-4000-b000-000000000001',
   true, '00000000-0000-4000-a000-000000000002', 'Joined the people team'),
  ('00000000-0000-4000-a000-000000000004', '00000000-0000-4000-c000-000000000002',
    '00000000-0000-4000-b000-000000000001',
   true, '00000000-0000-4000-a000-000000000002', 'Outside recruiter'),
  ('00000000-0000-4000-a000-000000000006', '00000000-0000-4000-c000-000000000005',
    '00000000-0000-4000-b000-000000000002',
   true, '00000000-0000-4000-a000-000000000005', 'On the support desk')
on conflict do nothing;

-- A provider of accounts. `npm start` serves it on this machine; elsewhere a connection needs a real one.
insert into public.connection_providers (name, display_name, authorize_url, token_url, revoke_url, client_id,
  client_authentication, scopes) values
  ('calendar', 'Calendar', 'https://calendar.example/authorize', 'https://calendar.example/token',
    'https://calendar.example/revoke', 'groundwork', 'none', '{events.read}')
on conflict do nothing;

insert into public.ai_teams (id, workspace_id, name, config) values
  ('00000000-0000-4000-9200-000000000001', '00000000-0000-4000-b000-000000000001', 'Hiring',
    '{"turns": "in order", "rounds": 2}')
on conflict do nothing;
insert into public.ai_team_members (id, workspace_id, team_id, agent_id, role, position) values
  ('00000000-0000-4000-9201-000000000001', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-9200-000000000001',
   '00000000-0000-4000-c000-000000000002', 'lead', 0),
  ('00000000-0000-4000-9201-000000000002', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-9200-000000000001',
   '00000000-0000-4000-c000-000000000001', 'critic', 1)
on conflict (id) do nothing;

insert into public.app_settings (id, workspace_id, user_id, key, value) values
  ('00000000-0000-4000-9202-000000000001', '00000000-0000-4000-b000-000000000001', null, 'branding.colour',
    '"#1d4ed8"'),
  ('00000000-0000-4000-9202-000000000002', null, '00000000-0000-4000-a000-000000000003', 'editor.theme', '"dark"')
on conflict do nothing;

insert into public.analytics_events (workspace_id, user_id, name, properties)
select '00000000-0000-4000-b000-000000000001', '00000000-0000-4000-a000-000000000003', name, properties
from (values ('conversation.opened', '{"agent": "hr"}'::jsonb),
  ('document.read', '{"path": "handbook"}')) as told (name, properties)
where not exists (select from public.analytics_events where workspace_id = '00000000-0000-4000-b000-000000000001');

-- What Acme does next: an article for next month, a post that nobody has approved, a task for a coding agent; and what
-- its agents remember.
insert into public.build_content_queue (workspace_id, title, article, tags, canonical_url, review_status, publish_at)
select '00000000-0000-4000-b000-000000000001', 'How we answer leave requests in a minute',
  E'# Leave in a minute\n\nOur HR agent reads the policy, so that people need not.\n',
  array['ai', 'agents', 'hr', 'Postgres'], 'https://acme.example/blog/leave-in-a-minute', 'approved',
    now() + interval '30 days'
where not exists (select from public.build_content_queue where workspace_id = '00000000-0000-4000-b000-000000000001');
insert into public.content_queue (workspace_id, script, caption, hashtags, video_url, platform)
select '00000000-0000-4000-b000-000000000001', 'Juan asks HR. HR answers. Ben smiles.',
  'Leave, answered before the coffee is ready.', array['ai', 'hr'],
  'https://cdn.acme.example/leave.mp4', 'linkedin'
where not exists (select from public.content_queue where workspace_id = '00000000-0000-4000-b000-000000000001');
insert into public.code_task_queue (workspace_id, prompt, repository, branch)
select '00000000-0000-4000-b000-000000000001', 'The leave form forgets the half day. Make it remember, with a test.',
  'acme/website', 'fix/half-day'
where not exists (select from public.code_task_queue where workspace_id = '00000000-0000-4000-b000-000000000001');
insert into public.agent_memory (workspace_id, agent_id, memory_type, key, value, confidence) values
  ('00000000-0000-4000-b000-000000000001', null, 'identity', 'company', '{"name": "Acme", "people": 40}', 1),
  ('00000000-0000-4000-b000-000000000001', null, 'policy', 'tone', '"Friendly, brief, no legal advice."', 1),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-c000-000000000002', 'strategy', 'first_contact',
    '"Write before calling; mornings work better."', 0.7),
  ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-c000-000000000002', 'state', 'last_session',
    '{"read_until": "2026-11-20T17:00:00Z"}', 0.8)
on conflict do nothing;

-- Leads of Acme: scored by the trigger, one dialled and interested, one that is not called any more.
insert into public.leads (id, workspace_id, address, city, county, state, zip, parcel, property_type, owner_name,
  owner_kind, phones, foreclosure_stage,
  is_vacant, code_violations, estimated_value_minor, mortgage_balance_minor, distress_signals, source_name) values
  ('00000000-0000-4000-d000-000000000001', '00000000-0000-4000-b000-000000000001', '12 Elm Street', 'Austin', 'Travis',
    'TX', '78701', 'T-100',
   'single_family', 'Kim Doe', 'person', '{+15125550101}', 'notice_of_default', false, 2, 31000000, 12000000,
   '{probate}', 'county records'),
  ('00000000-0000-4000-d000-000000000002', '00000000-0000-4000-b000-000000000001', '9 Oak Lane', 'Austin', 'Travis',
    'TX', '78702', 'T-200',
   'single_family', 'Lee Roe', 'person', '{+15125550102}', 'auction_scheduled', true, 0, 24000000, 21000000, '{}',
   'county records'),
  ('00000000-0000-4000-d000-000000000003', '00000000-0000-4000-b000-000000000001', '3 Pine Road', 'Kyle', 'Hays', 'TX',
    '78640', 'H-1',
   'land', 'Pine Holdings', 'company', '{+15125550103}', 'none', true, 5, 9000000, null, '{}', 'drive by')
on conflict do nothing;

do $$
begin
  if not exists (select from public.call_outcomes where workspace_id = '00000000-0000-4000-b000-000000000001') then
    -- Next year: nobody is called by a demonstration.
    insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, scheduled_for, dedupe_key) values
      ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-d000-000000000001',
        '00000000-0000-4000-c000-000000000002', now() + interval '1 year', 'seed-1'),
      ('00000000-0000-4000-b000-000000000001', '00000000-0000-4000-d000-000000000003',
        '00000000-0000-4000-c000-000000000002', now() + interval '1 year', 'seed-3');
    insert into public.call_outcomes (lead_id, outcome, transcript, sentiment, duration_seconds) values
      ('00000000-0000-4000-d000-000000000002', 'answered_interested',
        'AI: Would you consider an offer? Lee: Send me one.', 'positive', 74),
      ('00000000-0000-4000-d000-000000000003', 'do_not_call', 'AI: Hello. Owner: Do not call here again.', 'negative',
        9);
  end if;
end;
$$;
-- What was said: Juan asked HR about his leave, and shares it with the workspace; the letter that came of it has a
-- suggestion.
insert into public.folders (id, workspace_id, user_id, name, path) values
  ('00000000-0000-4000-d000-000000000001', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-a000-000000000003', 'Leave', 'leave')
on conflict do nothing;

insert into public.conversations (id, workspace_id, user_id, agent_id, title, visibility, folder_id, tags) values
  ('00000000-0000-4000-d100-000000000001', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-a000-000000000003',
   '00000000-0000-4000-c000-000000000001', 'How much leave have I left?', 'workspace',
   '00000000-0000-4000-d000-000000000001', '{leave}')
on conflict do nothing;

insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, token_count) values
  ('00000000-0000-4000-d200-000000000001', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-d100-000000000001',
   '00000000-0000-4000-a000-000000000003', null, 'user', '[{"type": "text", "text": "How much leave have I left?"}]',
   7),
  ('00000000-0000-4000-d200-000000000002', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-d100-000000000001',
   '00000000-0000-4000-a000-000000000003', '00000000-0000-4000-d200-000000000001', 'assistant',
   '[{"type": "text", "text": "Five days, until the end of March. I drafted the request."}]', 13)
on conflict do nothing;
update public.conversations set active_message_id = '00000000-0000-4000-d200-000000000002'
where id = '00000000-0000-4000-d100-000000000001' and active_message_id is null;

insert into public.artifacts (id, created_at, workspace_id, user_id, conversation_id, kind, title, content)
select '00000000-0000-4000-d300-000000000001', '2026-01-05 09:00:00Z', '00000000-0000-4000-b000-000000000001',
  '00000000-0000-4000-a000-000000000003', '00000000-0000-4000-d100-000000000001', 'text', 'Request for leave',
  'Dear Ben, I would like to take five days of leave in March.'
where not exists (select from public.artifacts where id = '00000000-0000-4000-d300-000000000001');
insert into public.suggestions (id, workspace_id, artifact_id, artifact_created_at, user_id, original_text,
  suggested_text, description)
select '00000000-0000-4000-d400-000000000001', '00000000-0000-4000-b000-000000000001',
  '00000000-0000-4000-d300-000000000001',
  '2026-01-05 09:00:00Z', '00000000-0000-4000-a000-000000000003', 'in March', 'from 9 to 13 March', 'Say when.'
where not exists (select from public.suggestions where id = '00000000-0000-4000-d400-000000000001');
-- What Acme knows and what is remembered of Juan. Their embeddings are made by the function embed.
insert into public.documents (id, workspace_id, path, name, language, tags, content) values
  ('00000000-0000-4000-d000-000000000001', '00000000-0000-4000-b000-000000000001', 'handbook.leave', 'Leave', 'english',
    '{hr}',
   E'# Vacation\n\nEverybody has thirty days of vacation a year. Unused days move to the next year until the end of '
    'March.\n\n# Sickness\n\nCall your lead before nine. From the third day on a note is needed.'),
  ('00000000-0000-4000-d000-000000000002', '00000000-0000-4000-b000-000000000001', 'handbook.expenses', 'Expenses',
    'english', '{finance}',
   E'# Travel\n\nTrains before planes. Receipts go to the Bookkeeper within a month.')
on conflict (id) do nothing;
insert into public.memories (id, workspace_id, user_id, kind, category, content, language, confidence) values
  ('00000000-0000-4000-e000-000000000001', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-a000-000000000003',
   'profile', 'personal', 'Works in the people team.', 'english', 0.9),
  ('00000000-0000-4000-e000-000000000002', '00000000-0000-4000-b000-000000000001',
    '00000000-0000-4000-a000-000000000003',
   'fact', 'preference', 'Prefers short answers.', 'english', 0.8)
on conflict (id) do nothing;
insert into public.memory_sources (workspace_id, memory_id, user_id, source_kind, content, confidence)
select m.workspace_id, m.id, m.user_id, m.source_kind, m.content, m.confidence from public.memories as m
where m.id in ('00000000-0000-4000-e000-000000000001', '00000000-0000-4000-e000-000000000002')
  and not exists (select from public.memory_sources as s where s.workspace_id = m.workspace_id and s.memory_id = m.id);
