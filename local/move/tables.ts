/**
 * What a move does with each table. A table with a `workspace_id` travels by itself, by logical replication with a
 * filter on that column. The others are told here; a table that is told nowhere stops a move before it begins.
 */

/**
 * Tables that belong to a workspace through another table, and queues without lanes, whose rows must not be at the
 * target before it answers for them. Their rows are copied while the workspace is closed, in this order: a table
 * comes after the one through which its rows are found.
 */
export const THROUGH: Record<string, string> = {
  "private.folders_to_empty": "t.workspace_id = $1",
  "private.token_revocations": "t.workspace_id = $1",
  "private.counters": "t.subject = $1",
  "private.budget_pools":
    "t.budget_id in (select b.id from public.budgets as b where b.workspace_id = $1)",
  "private.budget_slots":
    "t.budget_id in (select b.id from public.budgets as b where b.workspace_id = $1)",
  "private.business_export_rows":
    "t.export_id in (select e.id from private.business_exports as e where e.workspace_id = $1)",
  "private.lead_import_work":
    "t.import_id in (select i.id from public.lead_imports as i where i.workspace_id = $1)",
  "private.lead_import_keys":
    "t.import_id in (select i.id from public.lead_imports as i where i.workspace_id = $1)",
  "private.lead_import_reports":
    "t.import_id in (select i.id from public.lead_imports as i where i.workspace_id = $1)",
  "private.connection_renewals":
    "t.connection_id in (select c.id from public.service_connections as c where c.workspace_id = $1)",
  "private.durable_streams":
    "t.conversation_id in (select c.id from public.conversations as c where c.workspace_id = $1)",
  "private.durable_pieces": `t.stream_id in (select s.id from private.durable_streams as s
    join public.conversations as c on c.id = s.conversation_id where c.workspace_id = $1)`,
  "private.durable_producers": `t.stream_id in (select s.id from private.durable_streams as s
    join public.conversations as c on c.id = s.conversation_id where c.workspace_id = $1)`,
};

/** Tables that stay, and why. */
export const STAYS: Record<string, string> = {
  // With a workspace_id.
  "private.work_item": "a template without rows",
  "private.work_lanes": "made anew where the workspace is answered",
  "private.delegations": "decided anew where an agent asks for a token",
  "private.unsealed_logs": "transactions of this database",
  "private.job_failures": "of this database's jobs",
  "private.workspace_places": "the directory of this cell",
  "private.known_people": "the directory of this cell",
  "private.moves": "the state of this side",
  // Of people: what of them is needed travels (people.ts).
  "public.profiles": "of people",
  "public.linked_identities": "of people",
  "private.permission_revisions": "of people",
  // The same in every cell: migrations and operators write them.
  "public.plans": "of the platform",
  "public.plan_limits": "of the platform",
  "public.connection_providers": "of the platform",
  "private.limits": "of the platform",
  "private.work_queues": "of the platform",
  "private.phone_time_zones": "of the platform",
  "private.call_endings": "of the platform",
  "private.business_templates": "of the platform",
  "private.personal_columns": "of the platform",
  "private.partitioned_logs": "of the platform",
  "private.embedding_models": "of the platform",
  "private.cells": "of the platform",
  "private.this_cell": "of this database",
  "private.ownerless_prefixes": "of this database",
  "private.audit_horizon": "transactions of this database",
  "private.function_calls": "calls that this database sent",
  "private.metric_counters": "of this database's isolates",
  // Short-lived: let go.
  "private.deleted_streams": "kept for a day, for Redis",
  "private.scratch_values": "the scratchpad",
  "private.scratch_members": "the scratchpad",
  "private.scratch_counters": "the scratchpad",
  "private.scratch_chunks": "the scratchpad",
};
