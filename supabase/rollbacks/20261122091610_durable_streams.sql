-- Back from: Durable Streams. Their content is lost.
select cron.unschedule('expire-durable-streams');
drop function private.append_durable(text, jsonb, bytea);
drop function private.durable_producer_says(private.durable_streams, jsonb);
drop function private.create_durable(text, jsonb, bytea);
drop function private.fork_of(private.durable_streams, text, bigint);
drop function private.add_durable_pieces(private.durable_streams, bytea);
drop function private.read_durable(text, bigint, bigint, boolean);
drop function private.show_durable(private.durable_streams);
drop function private.durable_view(bigint, bigint, integer);
drop function private.expire_durable_streams();
drop function private.find_durable(text, boolean);
drop function private.remove_durable(private.durable_streams);
drop table private.durable_producers, private.durable_pieces, private.durable_streams;
