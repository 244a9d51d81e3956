drop function private.put_document_of(uuid, uuid, uuid, jsonb);
drop trigger keep_embedding_true on public.document_chunks;
drop function private.keep_embedding_true();
drop trigger embedding_is_given on public.document_chunks;
drop function private.notice_embedding();
drop trigger place_chunk on public.document_chunks;
drop function private.place_chunk();
