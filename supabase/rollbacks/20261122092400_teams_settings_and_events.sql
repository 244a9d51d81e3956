-- Back from: teams, settings and events. All of them are gone for good.
delete from private.partitioned_logs where table_name = 'analytics_events';
drop table public.analytics_events;
drop table public.app_settings;
drop table public.ai_team_members;
drop table public.ai_teams;
