-- Counting tokens: estimates how many tokens of a prompt a message takes.
--
-- Touches: private.count_tokens.
-- Beware:  A file counts as many tokens as providers charge for it, not as the characters of its base64. The figures
--          are upper bounds of what providers publish: an image at most 1,600 tokens (Anthropic: width × height / 750,
--          at most 1,568 on the long edge), a page of a PDF 3,000 (Anthropic: text and image of a page), a second of
--          audio 32 (Google), a second of video 300 (Google).

create function private.count_tokens(parts jsonb)
returns integer
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  part jsonb;
  media text;
  bytes bigint;
  total bigint := 0;
begin
  for part in select one from jsonb_array_elements(parts) as one loop
    media := lower(coalesce(part ->> 'mediaType', part ->> 'mimeType',
      case when part ->> 'type' = 'image' then 'image/*' end));
    if media is null or part ->> 'type' not in ('file', 'image') then
      total := total + (octet_length(part::text) + 3) / 4;
      continue;
    end if;
    -- The size behind a URL is unknown. Inline base64 has three bytes for four characters.
    bytes := coalesce(octet_length(substring(part ->> 'url' from '^data:[^,]*,(.*)$')), octet_length(part ->> 'data'),
      octet_length(part ->> 'image'), 0)
      * 3 / 4;
    total := total + case
      when media like 'image/%' then 1600
      when media = 'application/pdf' then 3000 * greatest(1, bytes / 50000)
      when media like 'audio/%' then greatest(500, bytes / 16000 * 32)
      when media like 'video/%' then greatest(1000, bytes / 125000 * 300)
      else greatest(500, bytes / 4)
    end;
  end loop;
  return least(total, 2147483647);
end;
$$;
comment on function private.count_tokens(jsonb) is
  'Estimates the tokens of a message''s parts. Text: a quarter of its bytes. Files: what providers publish (image '
  '1,600; PDF 3,000 for each 50 kB; audio 32 and video 300 a second).';
