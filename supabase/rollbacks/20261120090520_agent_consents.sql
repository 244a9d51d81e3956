-- Back from: consents. Nobody's yes is kept.
drop table public.agent_consents;
