drop function private.callee_zones(text, text, text, text, text);
drop function private.state_time_zones(text, text);
drop function private.next_opening(timestamptz, time, time, smallint[], text[]);
