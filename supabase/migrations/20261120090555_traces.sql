-- Traces: which trace a statement belongs to, so that what it leaves to do later goes on with that.
--
-- Touches: the domain private.traceparent, private.current_traceparent. Columns of later chapters have it as a default.
-- Beware:  the Data API hands over the request's headers, the functions set `groundwork.traceparent` in the statement
--          that needs it. What is no traceparent as W3C has it is ignored: a header never makes a statement fail.

create domain private.traceparent as text
  constraint traceparent_is_as_w3c_has_it
  check (value ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$');
comment on domain private.traceparent is 'A trace and a span in it, as the header `traceparent` of W3C says it.';

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
      -- Only where there is one: reading the headers of each insert would cost more than its checks.
      case when current_setting('request.headers', true) ~ '"traceparent"\s*:'
        then current_setting('request.headers', true)::jsonb ->> 'traceparent' end
    ) as traceparent
  ) as given
  where given.traceparent ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$';
$$;
comment on function private.current_traceparent() is
  'The trace of the request that this statement belongs to; null where it has none, or one that is not well formed.';
grant execute on function private.current_traceparent() to authenticated, service_role;
