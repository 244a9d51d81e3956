-- Back from: foundations. The extensions stay (others may use them), and so do the revoked default privileges: taking
-- the schema away must not open anything.
drop schema private cascade;
