drop trigger keep_chunks_of_changed on public.documents;
drop trigger keep_chunks_of_new on public.documents;
drop function private.keep_chunks();
drop table public.document_chunks;
