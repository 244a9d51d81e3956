-- Back from: consents. All consents are lost.
drop table public.agent_consents;
