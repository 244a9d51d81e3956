-- Back from: writing durable streams. They stay readable.
drop function private.append_durable(text, jsonb, bytea);
drop function private.durable_producer_says(private.durable_streams, jsonb);
drop function private.create_durable(text, jsonb, bytea);
drop function private.fork_of(private.durable_streams, text, bigint);
drop function private.add_durable_pieces(private.durable_streams, bytea);
