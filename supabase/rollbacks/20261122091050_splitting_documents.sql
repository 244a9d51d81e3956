drop function private.split_text(text, integer, integer);
drop function private.markdown_lines(text);
drop function private.first_piece_of_line(text, integer);
drop function private.estimate_tokens(text);
