-- Back from: positions of the log. Nothing is kept.
drop function public.log_position();
drop function private.await_position(text, integer);
drop function private.log_position();
