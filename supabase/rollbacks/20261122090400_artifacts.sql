-- Back from: artifacts.
drop function public.revise_artifact(uuid, timestamptz, text, text, jsonb, jsonb, jsonb, text);
drop function private.revise_artifact(uuid, timestamptz, text, text, jsonb, jsonb, jsonb, text);
drop view public.latest_artifacts;
drop table public.artifacts;
drop function private.keep_versions_together(), private.artifact_hash(text, jsonb, jsonb);
