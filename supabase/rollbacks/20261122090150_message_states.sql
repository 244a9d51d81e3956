-- Back from: messages in progress. Earlier states of messages are lost.
drop function private.message_at(public.messages, timestamptz);
drop function private.move_message_forward(public.messages, jsonb, jsonb, uuid);
drop function private.note_approvals(public.messages, jsonb, uuid);
drop function private.is_settled(jsonb);
drop function private.parts_go_forward(jsonb, jsonb);
drop function private.part_goes_forward(jsonb, jsonb);
drop function private.rank_of_part(jsonb);
drop table public.message_states;
