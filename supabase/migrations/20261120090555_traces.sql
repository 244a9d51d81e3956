-- Traces: the trace of a statement, so that its later work (jobs, calls, queue rows) continues the same trace.
--
-- Touches: the domain private.traceparent, private.current_traceparent. Columns of later chapters have it as a default.
-- Beware:  the Data API passes the request's headers; the functions set `groundwork.traceparent` in the statement that
--          needs it. A header that is not a valid W3C traceparent is ignored: it never makes a statement fail.

create domain private.traceparent as text
  constraint traceparent_is_as_w3c_has_it
  check (coalesce(value ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$', true)
    or private.refuse('traceparent', 'traceparent_is_as_w3c_has_it'));
comment on domain private.traceparent is 'A trace and a span in it, in the form of the W3C header `traceparent`.';

create function private.current_traceparent()
returns private.traceparent
language sql
stable
set search_path = ''
as $$
  select given.traceparent
  from (
    select coalesce(
      nullif(current_setting('groundwork.traceparent', true), ''),
      -- Only where there is one: reading the headers for each insert would cost more than the insert's checks.
      case when current_setting('request.headers', true) ~ '"traceparent"\s*:'
        then current_setting('request.headers', true)::jsonb ->> 'traceparent' end
    ) as traceparent
  ) as given
  where given.traceparent ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$';
$$;
comment on function private.current_traceparent() is
  'The trace of the request that runs this statement; null without one, or if it is malformed.';
grant execute on function private.current_traceparent() to authenticated, service_role;
