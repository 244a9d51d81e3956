-- Content: social posts and articles, each published once, at its time.
--
-- Touches: public.content_queue, public.build_content_queue (work tables, and templates for businesses),
--          private.next_local_time.
-- Beware:  scheduled_for decides when a row is claimed. A trigger derives it from publish_at (the time) and
--          review_status (whether at all); clients do not write it. A draft has infinity, so no claim sees it.
--          `reference` is sent to the platform and used to search there. tried_at says since when the platform may have
--          it: a worker that finds tried_at set searches before it publishes again.

create function private.schedule_content()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  if new.review_status <> 'approved' then
    if new.status = 'pending' then
      new.scheduled_for := 'infinity';
    end if;
  elsif tg_op = 'INSERT' then
    new.scheduled_for := coalesce(new.publish_at, new.scheduled_for);
  elsif (new.review_status, new.publish_at) is distinct from (old.review_status, old.publish_at) then
    -- Never before now: claims do not look before the time up to which they have read.
    new.scheduled_for := greatest(coalesce(new.publish_at, now()), now());
  end if;
  return new;
end;
$$;
comment on function private.schedule_content() is
  'Trigger of content tables: sets scheduled_for to publish_at (default: now) for approved content, and to infinity '
  'for a draft. It leaves a retry''s time alone.';

create function private.next_local_time(time_zone text, local_time time, after timestamptz default now())
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select min(moment) from (
    select ((after at time zone time_zone)::date + days + local_time) at time zone time_zone as moment
    from generate_series(-1, 2) as days
  ) as moments where moment > after;
$$;
comment on function private.next_local_time(text, time, timestamptz) is
  'The next instant after `after` at which a clock in time_zone (an IANA name) shows local_time. If a clock change '
  'skips that time, an hour later; if it repeats it, the second. Use it with private.business_time_zone.';

-- Articles ------------------------------------------------------------------------------------------------------------
create table public.build_content_queue (
  like private.work_item including all,
  title text not null,
  article text not null,
  tags text[] not null default '{}',
  canonical_url text,
  platform text not null default 'devto',
  review_status text not null default 'draft',
  publish_at timestamptz,
  reference uuid not null default gen_random_uuid(),
  tried_at timestamptz,
  posted_url text,
  external_id text constraint external_id_has_1_to_200_characters check (length(external_id) between 1 and 200),
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint title_is_short check (length(title) between 1 and 128),
  constraint article_is_not_empty_nor_endless check (length(article) between 1 and 500000),
  constraint tags_are_few_and_short check (coalesce(array_ndims(tags), 1) = 1 and cardinality(tags) <= 20
    and array_position(tags, null) is null and length(tags::text) <= 2000),
  constraint canonical_url_is_https check (canonical_url ~ '^https://[^\s]+$' and length(canonical_url) <= 2000),
  constraint platform_is_known check (platform in ('devto')),
  constraint review_status_is_known check (review_status in ('draft', 'approved')),
  constraint drafts_are_never_due check (review_status = 'approved' or status <> 'pending'
    or scheduled_for = 'infinity'),
  constraint only_approved_content_is_worked_on check (review_status = 'approved'
    or status in ('pending', 'cancelled')),
  constraint posted_url_is_a_url check (posted_url ~ '^https?://[^\s]+$' and length(posted_url) <= 2000)
);
comment on table public.build_content_queue is
  'Articles. The function publish-build-content publishes each once, at its time. A work table.';
comment on column public.build_content_queue.article is
  'Markdown. Publishing removes the front matter: title, tags and canonical_url have their own columns.';
comment on column public.build_content_queue.tags is
  'Any text. The platform gets letters and digits only, and the first four tags that are not empty then.';
comment on column public.build_content_queue.review_status is
  'draft: waits, whatever its time · approved: is published at its time. Changing it back to draft unschedules it.';
comment on column public.build_content_queue.publish_at is 'The earliest time; null: as soon as it is approved.';
comment on column public.build_content_queue.reference is
  'An invisible mark in the published article. A retry first searches the platform''s list for it.';
comment on column public.build_content_queue.tried_at is
  'When the platform was first asked to publish it, or may have been.';
comment on column public.build_content_queue.posted_url is 'The URL of the published article.';
comment on column public.build_content_queue.external_id is 'The platform''s id of the article.';
create index build_content_queue_workspace on public.build_content_queue (workspace_id, created_at);
create trigger schedule_content before insert or update of status, scheduled_for, review_status,
  publish_at on public.build_content_queue
  for each row execute function private.schedule_content();
select private.register_work_queue('public.build_content_queue', null, array['posted_url', 'external_id']);

alter table public.build_content_queue enable row level security;
create policy "Members read the workspace's articles" on public.build_content_queue
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's articles" on public.build_content_queue is
  'Guests use an agent; they have no access to the business.';
create policy "Admins add articles" on public.build_content_queue
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add articles" on public.build_content_queue is
  'A published article speaks for the workspace.';
create policy "Admins change articles that wait" on public.build_content_queue
  for update to authenticated
  using (status = 'pending' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change articles that wait" on public.build_content_queue is
  'Content that is being published, or was, does not change; a late update affects no row.';
grant select on public.build_content_queue to authenticated;
grant insert (workspace_id, priority, title, article, tags, canonical_url, platform, review_status,
  publish_at) on public.build_content_queue to authenticated;
grant update (priority, title, article, tags, canonical_url, platform, review_status,
  publish_at) on public.build_content_queue to authenticated;
-- Only the service has delete: a draft is as good as deleted. Only the work grammar writes leases, reference and
-- outcome.
grant select, insert, update, delete on public.build_content_queue to service_role;

-- Video and social content --------------------------------------------------------------------------------------------
create table public.content_queue (
  like private.work_item including all,
  script text not null default '',
  caption text not null,
  hashtags text[] not null default '{}',
  video_url text,
  platform text not null,
  review_status text not null default 'draft',
  publish_at timestamptz,
  posting_status text not null generated always as (
    case status when 'pending' then case review_status when 'approved' then 'scheduled' else 'draft' end
      when 'in_progress' then 'posting' when 'done' then 'posted' else status end
  ) stored,
  reference uuid not null default gen_random_uuid(),
  tried_at timestamptz,
  posted_url text,
  external_id text constraint external_id_has_1_to_200_characters check (length(external_id) between 1 and 200),
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint script_is_not_endless check (length(script) <= 100000),
  constraint caption_is_short check (length(caption) between 1 and 5000),
  constraint hashtags_are_few_and_short check (coalesce(array_ndims(hashtags), 1) = 1 and cardinality(hashtags) <= 30
    and array_position(hashtags, null) is null and length(hashtags::text) <= 3000),
  constraint video_url_is_https check (video_url ~ '^https://[^\s]+$' and length(video_url) <= 2000),
  constraint platform_is_known check (platform in (
    'bluesky', 'facebook', 'gmb', 'instagram', 'linkedin', 'pinterest', 'reddit', 'snapchat', 'telegram', 'threads',
    'tiktok', 'twitter', 'youtube')),
  constraint review_status_is_known check (review_status in ('draft', 'approved')),
  constraint posting_status_is_known check (posting_status in ('draft', 'scheduled', 'posting', 'posted', 'failed',
    'cancelled')),
  constraint drafts_are_never_due check (review_status = 'approved' or status <> 'pending'
    or scheduled_for = 'infinity'),
  constraint only_approved_content_is_worked_on check (review_status = 'approved'
    or status in ('pending', 'cancelled')),
  constraint posted_url_is_a_url check (posted_url ~ '^https?://[^\s]+$' and length(posted_url) <= 2000)
);
comment on table public.content_queue is
  'Video and social posts. The function publish-social-content posts each once, at its time. A work table.';
comment on column public.content_queue.script is 'The spoken text of the video; not posted.';
comment on column public.content_queue.caption is 'The text of the post; the hashtags follow it.';
comment on column public.content_queue.video_url is 'Passed to the platform, never fetched here.';
comment on column public.content_queue.platform is
  'The network, in the names of the posting service: gmb is Google Business Profile, twitter is X.';
comment on column public.content_queue.review_status is
  'draft: waits, whatever its time · approved: is posted at its time. Changing it back to draft unschedules it.';
comment on column public.content_queue.publish_at is 'The earliest time; null: as soon as it is approved.';
comment on column public.content_queue.posting_status is
  'The status of the post, derived from status and review_status.';
comment on column public.content_queue.reference is
  'The posting service''s idempotency key, and the mark that a retry first searches for in its history.';
comment on column public.content_queue.tried_at is 'When the platform was first asked to post it, or may have been.';
create index content_queue_workspace on public.content_queue (workspace_id, created_at);
create trigger schedule_content before insert or update of status, scheduled_for, review_status,
  publish_at on public.content_queue
  for each row execute function private.schedule_content();
select private.register_work_queue('public.content_queue', null, array['posted_url', 'external_id']);

alter table public.content_queue enable row level security;
create policy "Members read the workspace's posts" on public.content_queue
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's posts" on public.content_queue is
  'Guests use an agent; they have no access to the business.';
create policy "Admins add posts" on public.content_queue
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add posts" on public.content_queue is 'A post speaks for the workspace.';
create policy "Admins change posts that wait" on public.content_queue
  for update to authenticated
  using (status = 'pending' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change posts that wait" on public.content_queue is
  'Content that is being posted, or was, does not change; a late update affects no row.';
grant select on public.content_queue to authenticated;
grant insert (workspace_id, priority, script, caption, hashtags, video_url, platform, review_status,
  publish_at) on public.content_queue to authenticated;
grant update (priority, script, caption, hashtags, video_url, platform, review_status,
  publish_at) on public.content_queue to authenticated;
-- Only the service has delete, as with articles.
grant select, insert, update, delete on public.content_queue to service_role;
