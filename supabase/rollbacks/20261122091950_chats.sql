-- Back from: chats. Clients must store messages and open streams themselves.
drop function private.begin_turn(uuid, uuid, jsonb, text, boolean);
drop function private.words_of_chat(public.conversations, jsonb, text);
drop function private.answer_calls(public.messages, jsonb, uuid);
