-- Back from: Durable Streams. Their content is lost.
select cron.unschedule('expire-durable-streams');
drop function private.read_durable(text, bigint, bigint, boolean);
drop function private.show_durable(private.durable_streams);
drop function private.durable_view(bigint, bigint, integer);
drop function private.expire_durable_streams();
drop function private.find_durable(text, boolean);
drop function private.remove_durable(private.durable_streams);
drop table private.durable_producers, private.durable_pieces, private.durable_streams;
