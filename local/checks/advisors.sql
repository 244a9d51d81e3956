-- Advisors of the platform that the CLI does not carry yet. Each row is a finding.

-- 0028, 0029: who calls a function of the API runs it with the owner's rights, past every policy.
select
  role.name || '_security_definer_function_executable' as name,
  format('%s may call %s, which runs as its owner', role.name, f.oid::regprocedure) as detail
from pg_proc as f
cross join (values ('anon'), ('authenticated')) as role (name)
where f.pronamespace = 'public'::regnamespace
  and f.prosecdef
  and has_function_privilege(role.name, f.oid, 'execute')
  and not exists (select from pg_depend as d where d.objid = f.oid and d.deptype = 'e')

union all

-- 0025: files of a public bucket are read by their URL; a policy for the whole bucket only lists it.
select
  'public_bucket_allows_listing' as name,
  format('policy %L lets clients list the public bucket %s', p.policyname, b.id) as detail
from storage.buckets as b
join pg_policies as p on p.schemaname = 'storage' and p.tablename = 'objects'
where b.public
  and p.permissive = 'PERMISSIVE'
  and p.cmd in ('SELECT', 'ALL')
  and p.roles && array['public', 'anon', 'authenticated']::name[]
  and (
    p.qual = 'true'
    or regexp_replace(p.qual, '::text|[\s()]', '', 'g') = format('bucket_id=%L', b.id)
  )
order by 1, 2
