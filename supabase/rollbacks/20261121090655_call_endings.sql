drop function private.outcome_of_ending(text, boolean, integer);
drop table private.call_endings;
