-- Back from: handing over. First end the moves that are under way (npm run move -- --undo).
drop function private.receive_workspace(uuid, integer);
drop function private.expect_workspace(uuid, text, text, integer);
drop function private.hand_over(uuid);
drop function private.drop_unfinished(uuid);
drop function private.lift_fence(uuid);
drop function private.open_lanes(uuid);
drop function private.fence_workspace(uuid, interval);
