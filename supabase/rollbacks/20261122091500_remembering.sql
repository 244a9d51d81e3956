drop function public.forget(uuid, uuid);
drop function public.remember(uuid, text, text, double precision, text, uuid, extensions.halfvec, text, text, uuid,
  text, uuid, text, timestamptz, uuid);
drop function private.forget(uuid, uuid);
drop function private.remember(uuid, text, text, double precision, text, uuid, extensions.halfvec, text, text, uuid,
  text, uuid, text, timestamptz, uuid);
drop function private.memory_person(uuid, uuid, text);
