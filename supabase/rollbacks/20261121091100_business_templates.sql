-- With the trigger of that name on every template.
drop function private.keep_to_business() cascade;
drop function private.register_business_template(text);
drop function private.without_prefix(text, text, text, text);
drop function private.flatten_conditions(text);
drop function private.with_prefix(text, text);
drop function private.stamped_name(text, text);
drop table private.business_templates;
