/** Each workspace has two owners, an agent, a conversation with these messages, and entries and events of its own. */
const EACH = 20;
/** What is loaded by one statement: some thousand workspaces, so that a hundred thousand fit into memory. */
export const AT_ONCE = 5000;
/** When everything of an idle workspace happened: longer ago than any job looks back for what is new. */
const THEN = "now() - interval '20 days'";

export const id = (kind: string, n: string) =>
  `('00000000-0000-4000-${kind}-' || lpad((${n})::text, 12, '0'))::uuid`;

/** What must be there before the first workspace: a queue of their own, and the months in which they lived. */
export const PREPARE = `
  create schema bench;
  create table bench.chores (like private.work_item including all);
  alter schema bench owner to postgres;
  alter table bench.chores owner to postgres;
  select private.register_work_queue('bench.chores');
  select private.maintain_partitions((${THEN})::date);
  -- Checking what is made here would take most of the time.
  alter domain private.message_parts drop constraint parts_are_objects_with_a_type;
  alter domain private.message_parts drop constraint parts_are_at_most_a_mebibyte`;

/**
 * Adds the workspaces `from` to `to`, which do nothing afterwards: what they have is only there. Loaded without
 * triggers; what those would have written, and what is still there after 20 days, is written here: profiles,
 * revisions, counters, audit entries, search terms, lanes.
 */
export const addTenants = (from: number, to: number) => {
  const person = id("aa00", "n");
  const workspace = id("be00", "n");
  const agent = id("ae00", "n");
  const talk = id("ce00", "n");
  const workspaces = `generate_series(${from}, ${to}) as n`;
  const rows = `${workspaces}, generate_series(1, ${EACH}) as k`;
  // Each person is the second owner of the workspace before theirs.
  const owners = `(select n, n as person from ${workspaces}
    union all select n - 1, n from ${workspaces} where n > 1) as owner`;
  const owner = id("aa00", "person");
  const entry = (what: string, subject: string, detail: string, each = workspaces) => `
    insert into public.audit_log (workspace_id, action, subject_type, subject_id, detail, occurred_at, occurred_on)
    select ${workspace}, '${what}.created', '${what}', ${subject}::text, ${detail}, ${THEN}, (${THEN})::date
    from ${each};`;
  const made = [
    entry(
      "workspace",
      workspace,
      `jsonb_build_object('after', jsonb_build_object('name', 'w' || n))`,
    ),
    entry(
      "member",
      owner,
      `jsonb_build_object('after', jsonb_build_object('user_id', ${owner}))`,
      owners,
    ),
    entry("agent", agent, `'{"after": {"name": "A"}}'`),
  ];
  return `
  set session_replication_role = replica;
  insert into auth.users (id, email, email_confirmed_at, confirmation_sent_at, created_at)
  select ${person}, 'p' || n || '@tenants.example', ${THEN}, ${THEN}, ${THEN} from ${workspaces};
  insert into public.profiles (user_id, email, display_name)
  select ${person}, 'p' || n || '@tenants.example', 'p' || n from ${workspaces};
  insert into private.permission_revisions (user_id, revision, raised_at)
  select ${person}, 3, ${THEN} from ${workspaces};
  insert into public.workspaces (id, name, slug) select ${workspace}, 'w' || n, 'tenant-' || n
  from ${workspaces};
  insert into public.members (workspace_id, user_id, role)
  select ${workspace}, ${owner}, 'owner' from ${owners};
  insert into public.agents (id, workspace_id, slug, name, endpoint_url, status)
  select ${agent}, ${workspace}, 'a', 'A', 'https://a.example', 'published' from ${workspaces};
  insert into private.counters (subject, name, used)
  select ${workspace}, counted.name, counted.used
  from ${workspaces}, (values ('seats', 2), ('agents', 1)) as counted (name, used);
  ${made.join("")}
  insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, occurred_at, occurred_on)
  select ${workspace}, ${person}, 'report.read', 'report', gen_random_uuid(), ${THEN}, (${THEN})::date
  from ${rows};
  insert into public.billing_events (workspace_id, kind, quantity, unit, user_id, occurred_at, occurred_on)
  select ${workspace}, 'message', 1, 'message', ${person}, ${THEN}, (${THEN})::date from ${rows};
  insert into public.conversations (id, workspace_id, user_id, created_at, updated_at, last_message_at)
  select ${talk}, ${workspace}, ${person}, ${THEN}, ${THEN}, ${THEN} from ${workspaces};
  with spoken as materialized (
    -- Search terms are made once for each place in a conversation, and not for each message.
    select k, private.words('english', 'word1 said ' || k)::text as terms from generate_series(1, ${EACH}) as k
  ), said as (
    insert into public.messages (id, workspace_id, conversation_id, user_id, role, parts, token_count, created_at)
    select gen_random_uuid(), ${workspace}, ${talk}, ${person}, 'user',
      jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'word' || n || ' said ' || k)), 10, ${THEN}
    from ${rows} returning id, workspace_id, conversation_id, user_id, parts -> 0 ->> 'text' as text, created_at
  )
  insert into private.message_texts (id, workspace_id, conversation_id, user_id, said_at, language, content_tsv)
  select id, workspace_id, conversation_id, user_id, created_at, 'english',
    replace(terms, 'word1', split_part(text, ' ', 1))::tsvector
  from said join spoken on spoken.k = split_part(text, ' ', 3)::integer;
  insert into bench.chores (workspace_id, scheduled_for)
  select ${workspace}, now() + interval '1 day' from ${workspaces};
  insert into private.work_lanes (queue, workspace_id, priority, moved_at, wakes_at, checked_at)
  select 'chores', ${workspace}, 0, ${THEN}, now() + interval '1 day', now() + interval '20 days' from ${workspaces};
  set session_replication_role = origin`;
};
