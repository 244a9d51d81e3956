drop function public.list_documents(uuid, text, uuid);
drop function public.move_documents(uuid, text, text, uuid);
drop function public.put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text);
drop function private.list_documents(uuid, text, uuid);
drop function private.move_documents(uuid, text, text, uuid);
drop function private.put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text);
drop function private.require_path(text);
drop table public.documents;
drop function private.content_hash(text);
