drop function private.for_all_workspaces(text, text, text);
drop function private.note_job_failure(text, uuid, text);
drop table private.job_failures;
