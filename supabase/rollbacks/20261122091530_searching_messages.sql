-- Back from: searching messages.
drop function public.search_messages(text, uuid, uuid[], uuid, uuid, timestamptz, timestamptz, integer,
  extensions.halfvec, text);
drop function private.find_messages(uuid, text, uuid[], uuid, uuid, timestamptz, timestamptz, integer,
  extensions.halfvec, text);
drop function private.nearest_messages(uuid[], uuid, uuid[], uuid[], tstzrange, uuid[], extensions.halfvec, text,
  integer);
drop function private.matching_messages(uuid[], uuid, uuid[], uuid[], tstzrange, uuid[], text, integer);
