-- The days that realtime.messages has: from yesterday to three days ahead, so that no message is without a
-- place; what is older than
-- three days is dropped, as on the platform. Run at each start and by local/realtime every hour.
do $$
declare
  today date := (now() at time zone 'utc')::date;
  day date;
  partition_name text;
begin
  for day in select today + offset_days from generate_series(-1, 3) as offset_days loop
    partition_name := 'messages_' || to_char(day, 'YYYY_MM_DD');
    if to_regclass('realtime.' || partition_name) is null then
      execute format(
        'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
        partition_name, day, day + 1
      );
      execute format('alter table realtime.%I owner to supabase_realtime_admin', partition_name);
    end if;
  end loop;
  for partition_name in
    select partition.relname
    from pg_catalog.pg_inherits as link
    join pg_catalog.pg_class as partition on partition.oid = link.inhrelid
    where link.inhparent = 'realtime.messages'::regclass
      and partition.relname ~ '^messages_\d{4}_\d{2}_\d{2}$'
      and to_date(substr(partition.relname, 10), 'YYYY_MM_DD') < today - 3
  loop
    execute format('drop table realtime.%I', partition_name);
  end loop;
end;
$$;
