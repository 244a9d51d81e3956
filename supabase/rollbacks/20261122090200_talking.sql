-- Back from: talking. Messages stay readable.
drop function public.select_branch(text, uuid), private.select_branch(text, uuid);
drop function public.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint);
drop function private.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint);
drop function public.answer_approval(uuid, text, text, boolean, text),
  private.answer_approval(uuid, text, text, boolean, text);
drop function private.hold_conversation(uuid, text);
