drop trigger keep_chunks_of_changed on public.documents;
drop trigger keep_chunks_of_new on public.documents;
drop function private.keep_chunks();
drop table public.document_chunks;
drop function private.split_text(text, integer);
drop function private.markdown_lines(text);
drop function private.first_piece_of_line(text, integer);
drop function private.estimate_tokens(text);
