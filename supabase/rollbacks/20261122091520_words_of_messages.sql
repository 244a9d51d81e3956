-- Back from: words of messages.
drop trigger keep_message_text on public.messages;
drop function private.keep_message_text();
delete from private.personal_columns where table_name = 'private.message_texts';
drop table private.message_texts;
drop function private.text_of_parts(jsonb);
drop function private.guess_language(text);
