import { match } from "node:assert";
import postgres from "postgres";
import { startTestStack } from "../testing/test-stack.ts";
import { generateTypes } from "./generate-types.ts";

Deno.test("generated types contain the tables of a business, related to each other", async () => {
  const stack = await startTestStack({ redis: "none" });
  const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`
      delete from private.business_templates where to_regclass('public.' || table_name) is null;
      create table public.typed_leads (id uuid primary key default gen_random_uuid(),
        workspace_id uuid not null references public.workspaces (id), score integer);
      create table public.typed_calls (id uuid primary key default gen_random_uuid(),
        workspace_id uuid not null references public.workspaces (id),
        lead_id uuid not null references public.typed_leads (id));
      select private.register_business_template('typed_leads'), private.register_business_template('typed_calls');
      select private.create_business((select id from public.workspaces limit 1), 'ty_', 'Typed')`);
    const types = await generateTypes(stack.dbUrl);
    match(types, /"ty_typed_leads": \{\s+Row: \{[^}]*"score": number \| null/);
    match(types, /"ty_typed_calls": \{[^]*?referencedRelation: "ty_typed_leads"/);
    match(types, /"drop_business": \{/);
  } finally {
    await sql.end();
    await stack.stop();
  }
});
