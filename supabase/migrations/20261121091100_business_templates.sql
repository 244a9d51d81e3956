-- Templates: the operations tables that each business has under its prefix, and the rules for their names.
--
-- Touches: private.business_templates (the list of tables), private.stamped_name, with_prefix and without_prefix (names
--          with a placeholder), the trigger that refuses rows of other workspaces.
-- Beware:  names in a description contain {prefix}, as in {prefix}leads, whatever business they come from. Only so can
--          two businesses be compared. Parts that the description leaves out are neither stamped nor compared, so a
--          test also compares the catalogues by other means.

create table private.business_templates (
  table_name text primary key,
  ordinal smallint not null unique,
  constraint table_name_is_a_table_name check (table_name ~ '^[a-z][a-z0-9_]{0,39}$')
);
comment on table private.business_templates is
  'The tables in public that every business has. Without a prefix they belong to the first business and are the '
  'templates of the others. By name, because a template may be created after it is listed here.';
comment on column private.business_templates.ordinal is 'The order of lists and exports.';

create function private.stamped_name(prefix text, name text)
returns text
language sql
immutable
set search_path = ''
as $$
  -- Postgres truncates names to 63 bytes, so two could become equal.
  select case when octet_length(prefix || name) <= 63 then prefix || name
    else left(prefix || name, 54) || '_' || left(md5(name), 8) end;
$$;
comment on function private.stamped_name(text, text) is
  'The name of a template''s table, index or other part under a prefix. Index names that become too long end in eight '
  'digits of a hash instead.';

create function private.with_prefix(definition text, prefix text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  name text;
begin
  for name in
    select distinct m[1] from regexp_matches(definition, '\{prefix\}(\w+)', 'g') as m
    where octet_length(prefix || m[1]) > 63
  loop
    definition := regexp_replace(definition, '\{prefix\}' || name || '\M', private.stamped_name(prefix, name), 'g');
  end loop;
  return replace(definition, '{prefix}', prefix);
end;
$$;
comment on function private.with_prefix(text, text) is
  'A statement with {prefix}leads and the like, for one business. An empty prefix gives the template''s statement.';

create function private.flatten_conditions(definition text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  quoted constant text := $quoted$('(?:[^']|'')*'|"(?:[^"]|"")*")$quoted$;
  kept text[] := array[]::text[];
  inner_part text[];
  first_part text[];
begin
  if definition !~ '\(\(.*\) (AND|OR) .*\) (AND|OR) ' then
    return definition;
  end if;
  -- Replace quoted and parenthesized parts by placeholders, the innermost first; chr(1) and chr(2) enclose the number
  -- of each.
  while definition ~ quoted loop
    kept := kept || (regexp_match(definition, quoted))[1];
    definition := regexp_replace(definition, quoted, chr(1) || cardinality(kept) || chr(2));
  end loop;
  while definition ~ '\([^()]*\)' loop
    inner_part := regexp_match(definition, '\(([^()]*)\)');
    definition := regexp_replace(definition, '\([^()]*\)', chr(1) || (cardinality(kept) + 1) || chr(2));
    loop
      first_part := regexp_match(inner_part[1], '^' || chr(1) || '(\d+)' || chr(2) || '( AND | OR )(.*)$');
      exit when first_part is null or strpos(kept[first_part[1]::integer], first_part[2]) = 0
        or kept[first_part[1]::integer] !~ '^\(';
      inner_part[1] := substr(kept[first_part[1]::integer], 2, length(kept[first_part[1]::integer]) - 2) ||
        first_part[2] || first_part[3];
    end loop;
    kept := kept || ('(' || inner_part[1] || ')');
  end loop;
  for number in reverse cardinality(kept)..1 loop
    definition := replace(definition, chr(1) || number || chr(2), kept[number]);
  end loop;
  return definition;
end;
$$;
comment on function private.flatten_conditions(text) is
  'Rewrites ((a AND b) AND c) as (a AND b AND c), likewise OR. Postgres prints a condition with `between` in the first '
  'form, and in the second after reading its own output; without this they would differ.';

create function private.without_prefix(definition text, prefix text, own_table text, templates text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  definition := regexp_replace(definition, format('\mpublic\.%s(%s)\M', prefix, templates), 'public.{prefix}\1', 'g');
  if own_table is not null then
    -- In a policy, columns of its own table carry the table's name; a sibling without an alias gets one that is the
    -- same for all prefixes.
    definition := regexp_replace(definition, format('(?<![.\w"])%s%s\.', prefix, own_table),
      format('{prefix}%s.', own_table), 'g');
    definition := regexp_replace(
      definition, format('((?:FROM|JOIN|ONLY) |,\s+|\()public\.\{prefix\}(%s)\M(?!\s+[a-z_"])', templates),
      '\1public.{prefix}\2 \2', 'g');
    if prefix <> '' then
      definition := regexp_replace(definition, format('(?<![.\w"])%s(%s)\.', prefix, templates), '\1.', 'g');
    end if;
  end if;
  return private.flatten_conditions(definition);
end;
$$;
comment on function private.without_prefix(text, text, text, text) is
  'A definition as Postgres prints it, with {prefix} in place of the prefix. own_table: the template that has the '
  'policy, else null; templates: their names, separated by |.';

create function private.keep_to_business()
returns trigger
language plpgsql
volatile
security definer -- reads the list of businesses past its policies, for every writer
set search_path = ''
as $$
declare
  its_prefix text := private.business_prefix(tg_table_name, tg_argv[0]);
begin
  -- The unprefixed tables belong to the first business of every workspace.
  if its_prefix <> '' and not exists (
    select from public.businesses as business
    where business.prefix = its_prefix and business.workspace_id = new.workspace_id
  ) then
    perform private.raise_error('other_business', 'This table is of a business of another workspace.', 403,
      'The table is ' || tg_table_name || '.');
  end if;
  return new;
end;
$$;
comment on function private.keep_to_business() is
  'Trigger of the templates and their stamped tables. Argument: the template''s name. In a prefixed table every row '
  'must belong to the workspace of the business. Errors: other_business 403.';

create function private.register_business_template(table_name text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into private.business_templates (table_name, ordinal)
  select $1, coalesce(max(t.ordinal), 0) + 1 from private.business_templates as t
  on conflict on constraint business_templates_pkey do nothing;
  if to_regclass('public.' || $1) is not null then
    execute format(
      'create or replace trigger keep_to_business before insert or update of workspace_id on public.%1$I
         for each row execute function private.keep_to_business(%1$L)', $1
    );
  end if;
end;
$$;
comment on function private.register_business_template(text) is
  'Registers a table in public as a template. Idempotent; register a table again if it did not exist the first time. '
  'Existing businesses get the table with private.stamp_tables.';

select private.register_business_template(name)
from unnest(array[
  'leads', 'dial_queue', 'call_outcomes', 'content_queue', 'build_content_queue', 'code_task_queue', 'agent_memory',
  'agent_memory_history'
]) with ordinality as template (name, place)
order by place;
