begin;
select plan(6);

insert into storage.buckets (id, name) values ('tests', 'tests');
insert into storage.objects (bucket_id, name) values ('tests', 'a.txt');

select throws_ok('delete from storage.objects', '42501', null, 'not even by the project''s own role');
select throws_ok('delete from storage.objects where false', '42501', null, 'nor when it would meet nothing');
select throws_ok($$delete from storage.buckets where id = 'tests'$$, '42501', null, 'nor a bucket');
set local storage.allow_delete_query = 'false';
select throws_ok('delete from storage.objects', '42501', null, 'nor when it is said that it is not meant');
set local storage.allow_delete_query = 'true';
select results_eq($$delete from storage.objects where bucket_id = 'tests'
  returning name$$, array['a.txt'], 'Storage does, which removes the file as well');
select results_eq($$delete from storage.buckets where id = 'tests' returning id$$, array['tests'], 'and the bucket');

select * from finish();
rollback;
