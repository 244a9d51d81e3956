-- Publishing: the database side of the functions publish-build-content and publish-social-content, and their schedule.
--
-- Touches: private.reserve_publication (before the request), private.publish_due_content (calls the functions), two
--          jobs.
-- Beware:  a platform cannot take part in a transaction. A function may die between the platform's answer and our
--          `done`. So the attempt is recorded (tried_at) before the request, and a worker that finds it recorded asks
--          the platform first. The jobs' times are UTC. Content goes out at its own publish_at, an instant; the job
--          that runs every five minutes handles that. The daily job only calls publish-build-content once more.

create function private.reserve_publication(queue text, claim_token uuid, id bigint, lease interval)
returns timestamptz
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(reserve_publication.queue);
  first_tried_at timestamptz;
begin
  perform private.require_lease(lease);
  execute format(
    'update %s as job set tried_at = coalesce(job.tried_at, now()), lease_expires_at = now() + $3
     where job.id = $2 and job.claim_token = $1 and job.lease_expires_at > now() returning job.tried_at',
       known.work_table
  ) into first_tried_at using claim_token, id, lease;
  if first_tried_at is null then
    perform private.refuse_lost_lease(array[id]);
  end if;
  return first_tried_at;
end;
$$;
comment on function private.reserve_publication(text, uuid, bigint, interval) is
  'Call it before asking the platform to publish claimed content. It records the attempt and extends the claim by '
  '`lease`, which must be longer than the request takes. Returns the time of the first attempt. Errors: unknown_queue '
  '404, lease_lost 409 when the lease has ended, invalid_lease 422.';

create function private.publish_due_content()
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  published_by constant jsonb := '{"build_content_queue": "publish-build-content", "content_queue": '
    '"publish-social-content"}'::jsonb;
  known private.work_queues;
  called text;
  is_due boolean;
  calls jsonb := '{}'::jsonb;
begin
  for known in select q.* from private.work_queues as q where published_by ? q.kind order by q.name loop
    called := published_by ->> known.kind;
    continue when calls ? called or exists (
      -- No second call while one is open.
      select from private.function_calls as call
      where call.status in ('sent', 'retrying') and call.job = 'publish-due-content' and call.function = called
    );
    execute format('select exists (select from %s where status = ''pending'' and scheduled_for <= now())',
      known.work_table) into is_due;
    if is_due then
      calls := calls || jsonb_build_object(called, private.call_function('publish-due-content', called));
    end if;
  end loop;
  return calls;
end;
$$;
comment on function private.publish_due_content() is
  'Calls the publishing functions, each only if content of any business is due and its last call has ended. Returns '
  'the calls'' ids in the ledger.';

select cron.schedule('publish-articles-daily', '0 15 * * *',
  $$select private.call_function('publish-articles-daily', 'publish-build-content')$$);
select cron.schedule('publish-due-content', '*/5 * * * *', 'select private.publish_due_content()');
