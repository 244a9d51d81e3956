-- Back from: the ledger of function calls. Open calls are not retried.
drop function private.reconcile_function_calls(integer);
drop function private.call_function_once(text, text, integer);
drop function private.call_function(text, text, jsonb, integer);
drop function private.send_function_call(bigint, text, jsonb);
drop table private.function_calls;
