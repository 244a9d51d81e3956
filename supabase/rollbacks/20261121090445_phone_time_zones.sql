drop table private.phone_time_zones;
