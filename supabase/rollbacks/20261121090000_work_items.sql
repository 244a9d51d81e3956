drop function private.register_work_queue(regclass, integer, text[], text);
drop function private.keep_work_lanes();
drop function private.open_work_lane(text, uuid, smallint, timestamptz);
drop table private.work_lanes;
drop table private.work_queues;
drop table private.work_item;
drop domain private.work_priority;
