-- Memories: statements remembered about a person, and the source of each.
--
-- Touches: public.memories: the statements. public.memory_sources: each time that one was stated.
--          The rules that remembering, recalling and embedding share: duplicates, trust in sources, the person's lock.
-- Beware:  Only `remember` writes memories. It keeps two promises that a table cannot. No two valid memories of a
--          person say the same. No statement is lost: a near-duplicate becomes a source, and a contradiction ends the
--          memory that it contradicts. Every writer first takes the person's lock: private.lock_memories.

create function private.source_rank(source_kind text)
returns integer
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case $1 when 'assistant_message' then 1 when 'document' then 2 else 3 end;
$$;
comment on function private.source_rank(text) is
  'Trust in a source: a person''s own statement ranks above a document, a document above an assistant.';

create table public.memories (
  id uuid primary key default gen_random_uuid(),
  ordinal bigint not null generated always as identity,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  agent_id uuid,
  kind text not null default 'fact',
  category text not null default 'knowledge',
  tier text not null default 'immediate',
  subject text constraint subject_has_1_to_200_characters check (length(subject) between 1 and 200),
  content text not null,
  language private.language_name not null default 'simple',
  confidence double precision not null default 0.7,
  said_with double precision not null default 0.7,
  source_kind text not null default 'manual',
  source_message_id uuid,
  extractor text constraint extractor_has_1_to_200_characters check (length(extractor) between 1 and 200),
  embedding extensions.halfvec(384),
  embedding_model text
    constraint embedding_model_has_1_to_200_characters check (length(embedding_model) between 1 and 200),
  valid_from timestamptz not null default now(),
  valid_to timestamptz,
  superseded_by uuid,
  confirmed_at timestamptz not null default now(),
  confirmations integer not null default 0,
  recalled_count integer not null default 0,
  last_recalled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  content_hash text not null generated always as (private.memory_hash(content)) stored,
  content_tsv tsvector not null generated always as (private.words(language, left(subject, 200)) ||
    private.words(language, left(content, 4000))) stored,
  unique (workspace_id, id),
  foreign key (workspace_id, agent_id) references public.agents (workspace_id, id) on delete cascade,
  foreign key (workspace_id, superseded_by) references public.memories (workspace_id, id) on delete
    set null (superseded_by),
  constraint kind_is_known check (kind in ('profile', 'fact')),
  constraint category_is_known check (category in ('personal', 'project', 'preference', 'decision', 'knowledge')),
  constraint tier_is_known check (tier in ('immediate', 'recent', 'historical')),
  constraint source_kind_is_known check (source_kind in ('user_message', 'assistant_message', 'document', 'manual')),
  constraint content_is_a_statement check (content ~ '\S' and length(content) between 1 and 4000),
  constraint content_hash_is_sha256 check (length(content_hash) = 64),
  constraint confidence_is_a_probability check (confidence between 0 and 1),
  constraint said_with_is_a_probability check (said_with between 0 and 1),
  constraint counts_are_not_negative check (confirmations >= 0 and recalled_count >= 0),
  constraint what_was_recalled_has_a_time check ((recalled_count > 0) = (last_recalled_at is not null)),
  constraint what_is_superseded_has_ended check (superseded_by is null or valid_to is not null),
  constraint nothing_supersedes_itself check (superseded_by <> id),
  constraint it_ends_after_it_began check (valid_to >= valid_from),
  constraint an_embedding_names_its_model check ((embedding is null) = (embedding_model is null)),
  constraint an_embedding_has_a_direction check (extensions.l2_norm(embedding) > 0)
);
comment on table public.memories is
  'Statements remembered about a person in a workspace, for all agents or for one. A memory is valid until another '
  'supersedes it, and is then kept as history.';
comment on column public.memories.ordinal is 'The order in which memories were added, also within one transaction.';
comment on column public.memories.agent_id is
  'The agent that owns the memory; null: shared by every agent of the person.';
comment on column public.memories.kind is
  'profile: who the person is, placed at the start of a prompt; fact: recalled when relevant.';
comment on column public.memories.tier is
  'immediate for a day, recent while it was confirmed or recalled within 30 days, then historical.';
comment on column public.memories.subject is
  'The topic, when the extractor can name it, e.g. home_city. A person has one valid memory per subject.';
comment on column public.memories.confidence is 'From 0 to 1. Each confirmation raises it, but never to 1.';
comment on column public.memories.said_with is
  'The confidence of its most trusted statement. Another statement on the same subject ends the memory if it has at '
  'least this confidence and as good a source.';
comment on column public.memories.extractor is 'What extracted it from its source: a model, a program, a person.';
comment on column public.memories.valid_to is 'When it stopped being valid; null: it is valid.';
comment on column public.memories.confirmed_at is 'When it was last stated.';
comment on column public.memories.language is 'The stemming language, from the person''s profile.';
comment on column public.memories.content_hash is 'Equal for texts that differ only in case, spaces and punctuation.';
create unique index memories_are_not_said_twice on public.memories (workspace_id, user_id, agent_id, content_hash,
  subject)
  nulls not distinct where valid_to is null;
create unique index memories_have_one_of_a_subject on public.memories (workspace_id, user_id, agent_id,
  subject) nulls not distinct
  where valid_to is null and subject is not null;
create index memories_person on public.memories (workspace_id, user_id, valid_to);
create index memories_user_id on public.memories (user_id);
create index memories_agent on public.memories (workspace_id, agent_id);
create index memories_superseded_by on public.memories (workspace_id, superseded_by);
create index memories_age on public.memories (tier, confirmed_at) where tier <> 'historical';
create index memories_embedding_model on public.memories (embedding_model, id) where valid_to is null;
alter table public.memories alter column embedding set storage plain;
create trigger touch_updated_at before update on public.memories
  for each row execute function private.touch_updated_at();

alter table public.memories enable row level security;
create policy "People read their memories" on public.memories
  for select to authenticated
  using (
    user_id = (select private.current_user_id('memory:read'))
    and workspace_id = any ((select private.workspace_ids('guest', 'memory:read'))::uuid[])
    and ((select private.agent_of_token()) is null or agent_id is null or agent_id = (select private.agent_of_token()))
  );
comment on policy "People read their memories" on public.memories is
  'No other user does, the workspace''s owner included. An agent that acts for the person reads memories shared by all '
  'agents, and its own.';
grant select on public.memories to authenticated;
-- insert and update are granted to no role, the service included: remember enforces what a table cannot, and past
-- prompts are rebuilt from the stored text. Only erasure deletes; people use forget.
grant select, delete on public.memories to service_role;

create table public.memory_sources (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  memory_id uuid not null,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  source_kind text not null,
  source_message_id uuid,
  content text not null,
  confidence double precision not null,
  extractor text constraint extractor_has_1_to_200_characters check (length(extractor) between 1 and 200),
  said_at timestamptz not null default now(),
  foreign key (workspace_id, memory_id) references public.memories (workspace_id, id) on delete cascade,
  constraint source_kind_is_known check (source_kind in ('user_message', 'assistant_message', 'document', 'manual')),
  constraint content_is_a_statement check (length(content) between 1 and 4000),
  constraint confidence_is_a_probability check (confidence between 0 and 1)
);
comment on table public.memory_sources is
  'Each statement of a memory: its author, text and message. The first is the memory''s own.';
comment on column public.memory_sources.content is 'The text of this statement. The memory keeps the first one''s.';
create index memory_sources_memory on public.memory_sources (workspace_id, memory_id, source_message_id);
create index memory_sources_user_id on public.memory_sources (user_id);
alter table public.memory_sources enable row level security;
create policy "People read their memories' sources" on public.memory_sources
  for select to authenticated
  using (
    user_id = (select private.current_user_id('memory:read'))
    and workspace_id = any ((select private.workspace_ids('guest', 'memory:read'))::uuid[])
    and ((select private.agent_of_token()) is null
      or exists (select from public.memories as memory
        where memory.workspace_id = memory_sources.workspace_id and memory.id = memory_sources.memory_id))
  );
comment on policy "People read their memories' sources" on public.memory_sources is
  'The same rule as for memories.';
grant select on public.memory_sources to authenticated;
-- Only remember writes here.
grant select, delete on public.memory_sources to service_role;

-- Rules ---------------------------------------------------------------------------------------------------------------

create function private.memories_lock(workspace_id uuid, user_id uuid)
returns bigint
language sql
immutable
parallel safe
set search_path = ''
as $$
  select hashtextextended('groundwork memories ' || workspace_id || ' ' || user_id, 0);
$$;
comment on function private.memories_lock(uuid, uuid) is 'The key of the advisory lock on a person''s memories.';

create function private.lock_memories(workspace_id uuid, user_id uuid)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(private.memories_lock(workspace_id, user_id));
$$;
comment on function private.lock_memories(uuid, uuid) is
  'Locks a person''s memories until the transaction ends, so that no other writer changes them. Take it before any '
  'lock on their rows.';

create function private.find_duplicate(
  workspace_id uuid, user_id uuid, agent_id uuid, subject text, content text, embedding extensions.halfvec,
  embedding_model text, besides uuid[] default '{}'
)
returns uuid
language sql
stable
set search_path = ''
as $$
  select m.id from public.memories as m
  where m.workspace_id = $1 and m.user_id = $2 and m.agent_id is not distinct from $3 and m.valid_to is null
    and m.id <> all ($8)
    -- The same text about another subject says something else.
    and (m.subject = $4) is not false
    and (
      m.content_hash = private.memory_hash($5)
      or (m.embedding_model = $7 and m.embedding operator(extensions.<=>) $6 <= 0.05
        and private.may_merge_statements(m.language, m.content, $5))
    )
  order by m.subject is not distinct from $4 desc, m.content_hash = private.memory_hash($5) desc,
    m.embedding operator(extensions.<=>) $6, m.created_at, m.id
  limit 1;
$$;
comment on function private.find_duplicate(uuid, uuid, uuid, text, text, extensions.halfvec, text, uuid[]) is
  'The valid memory of this person (and agent) that says the same, unless it is about another subject. '
  'Near-duplicates: equal but for case, spaces and punctuation marks; or embeddings of one model with a cosine '
  'similarity of 0.95 or more, if private.may_merge_statements allows it.';

create function private.confirm_memory(
  memory_id uuid, confidence double precision, subject text default null, said_at timestamptz default now()
)
returns void
language sql
volatile
set search_path = ''
as $$
  update public.memories as m set
    -- Two statements raise confidence. The second counts half, because the sources may not be independent.
    confidence = greatest(m.confidence, 1 - (1 - m.confidence) * (1 - $2 / 2)),
    confirmations = m.confirmations + 1, confirmed_at = greatest(m.confirmed_at, least($4, now())), tier = 'immediate',
    subject = coalesce(m.subject, $3)
  where m.id = $1;
$$;
comment on function private.confirm_memory(uuid, double precision, text, timestamptz) is
  'Confirms a memory: its confidence rises to 1 − (1 − confidence)(1 − said/2), and its tier is immediate again.';
grant execute on function
  private.find_duplicate(uuid, uuid, uuid, text, text, extensions.halfvec, text, uuid[]) to authenticated, service_role;
