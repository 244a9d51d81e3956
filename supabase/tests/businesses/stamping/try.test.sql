begin;
\ir ../../world.psql
\ir ../trial.psql
select no_plan();
create temporary table t as select clock_timestamp() as a;
select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir');
select diag('ms ' || extract(epoch from clock_timestamp() - a) * 1000) from t;
select diag('compare ms ' || extract(epoch from clock_timestamp() - a) * 1000) from (select clock_timestamp() as a, n from (select clock_timestamp() a0, (select count(*) from private.business_differences('pn_')) n) x) y;
select diag(d::text) from private.business_differences('pn_') as d;
select diag(private.flatten_conditions($$((((a >= 1) AND (a <= 'x) AND (y')) AND c AND ((d OR e) OR f)) OR ((g AND h) AND i))$$));
select pass('x');
select * from finish();
rollback;
