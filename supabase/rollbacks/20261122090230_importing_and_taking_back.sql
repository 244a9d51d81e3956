-- Back from: importing and taking back.
drop function public.take_back(text, uuid), private.take_back(text, uuid);
drop function public.import_conversations(uuid, uuid, jsonb), private.import_conversations(uuid, uuid, jsonb);
drop function private.import_conversation(uuid, uuid, jsonb);
drop function private.conversation_key(uuid, uuid, text);
drop function private.import_messages(public.conversations, jsonb);
drop function private.imported_moment(jsonb, text, timestamptz);
