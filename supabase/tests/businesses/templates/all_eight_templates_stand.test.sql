begin;
select plan(2);

select set_eq(
  'select table_name from private.business_templates',
  array['leads', 'dial_queue', 'call_outcomes', 'content_queue', 'build_content_queue', 'code_task_queue',
    'agent_memory', 'agent_memory_history'],
  'these eight are stamped for each business'
);
select is_empty(
  $$select table_name from private.business_templates where to_regclass('public.' || table_name) is null$$,
  'and all of them exist'
);

select * from finish();
rollback;
