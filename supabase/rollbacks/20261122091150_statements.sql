drop function private.may_merge_statements(text, text, text);
drop function private.differ_by_an_affix(text, text);
drop function private.significant_words(text);
drop function private.negations();
drop function private.memory_hash(text);
drop function private.plain_statement(text);
