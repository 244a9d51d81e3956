drop function public.drop_business(text, text);
drop function public.read_business_export(uuid, bigint, integer);
drop function public.export_business(text);
drop function public.create_business(uuid, text, text, text);
revoke execute on function
  private.create_business(uuid, text, text, text), private.export_business(text),
  private.read_business_export(uuid, bigint, integer), private.drop_business(text, text)
from service_role;
