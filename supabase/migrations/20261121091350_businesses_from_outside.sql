-- Businesses from outside: wrappers in `public` for the service. They run with the caller's rights and call the bodies
-- in `private` (decision 6).
--
-- Touches: create_business, export_business, read_business_export and drop_business in public.
-- Beware:  none of them is for people: only the operator makes and drops tables.

create function public.create_business(workspace_id uuid, prefix text, name text, time_zone text default 'UTC')
returns public.businesses
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.create_business($1, $2, $3, $4);
$$;
comment on function public.create_business(uuid, text, text, text) is
  'Makes a business of a workspace with its own tables: pn_leads, pn_dial_queue, … for the prefix pn_. prefix: '
  'lowercase letters and digits and an underscore, at most 11 characters, unique; empty for the workspace''s first '
  'business, which uses the existing tables. name: 1–200 characters, need not be unique. time_zone: an IANA name. All '
  'or nothing. Errors: invalid_prefix, invalid_time_zone 422, prefix_taken 409, not_found 404, unavailable 503, '
  'invalid_value 422 on a malformed name.';

create function public.export_business(prefix text)
returns table (export_id uuid, made_at timestamptz, counts jsonb)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.export_business($1);
$$;
comment on function public.export_business(text) is
  'Exports every row of a business''s tables and keeps the export for 90 days; read it with read_business_export. '
  'Returns the export''s id and the number of rows, by template. Errors: not_found 404.';

create function public.read_business_export(export_id uuid, after bigint default 0, most integer default 1000)
returns table (ordinal bigint, table_name text, contents jsonb)
language sql
stable
security invoker
set search_path = ''
as $$
  select * from private.read_business_export($1, $2, $3);
$$;
comment on function public.read_business_export(uuid, bigint, integer) is
  'A page of an export: at most `most` (1–1,000) rows after an ordinal (0: from the start). table_name is the '
  'template''s, contents the row. Fewer than `most` rows: the last page. Errors: not_found 404, invalid_body 400 with '
  'the field.';

create function public.drop_business(prefix text, name text)
returns table (export_id uuid, made_at timestamptz, counts jsonb)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.drop_business($1, $2);
$$;
comment on function public.drop_business(text, text) is
  'Drops a business: its tables, claim functions, queues and its row. It first exports every row, for 90 days '
  '(read_business_export). name: its name, as a confirmation. Returns the export''s id and the number of rows, by '
  'template. All or nothing. Errors: not_found 404, name_mismatch 422, unavailable 503.';

grant execute on function
  public.create_business(uuid, text, text, text), private.create_business(uuid, text, text, text),
  public.export_business(text), private.export_business(text),
  public.read_business_export(uuid, bigint, integer), private.read_business_export(uuid, bigint, integer),
  public.drop_business(text, text), private.drop_business(text, text)
to service_role;
