-- Back from: traces.
drop function private.current_traceparent();
drop domain private.traceparent;
