import { startBenchDatabase } from "./database.ts";
import { compare, formatComparison, formatFigure, formatTable, median, ROUNDS } from "./measure.ts";
import { pgbench } from "./pgbench.ts";

const PERSON = "00000000-0000-4000-a000-000000000001";

/** Fifty tenants, and the ways in which others keep an audit log. */
const SET_UP = `
  insert into public.workspaces (id, name, slug)
  select ('00000000-0000-4000-be00-' || lpad(g::text, 12, '0'))::uuid, 'w' || g, 'w' || g
  from generate_series(1001, 1050) as g;
  create schema bench;
  create table bench.plain (
    id bigint generated always as identity primary key, workspace_id uuid not null,
    occurred_at timestamptz not null default now(),
    actor_id uuid, agent_id uuid, action text not null, subject_type text, subject_id text,
    detail jsonb not null default '{}', request_id text
  );
  create index on bench.plain (workspace_id, id desc);
  create table bench.same_promises (
    like bench.plain including all,
    constraint action_is_dotted check (action ~ '^[a-z][a-z0-9_]*(\\.[a-z0-9_]+)+$' and length(action) <= 100),
    constraint subject_is_short check (length(subject_type) between 1 and 200 and length(subject_id) between 1 and 200),
    constraint detail_is_a_small_object check (jsonb_typeof(detail) = 'object' and pg_column_size(detail) <= 16384),
    constraint request_id_is_short check (length(request_id) between 1 and 200),
    unique (workspace_id, request_id)
  );
  create function bench.append(in_workspace uuid, action text, subject_type text, subject_id text, detail jsonb,
    request_id text) returns bigint
  language plpgsql security definer set search_path = '' as $$
  declare made bigint;
  begin
    insert into bench.same_promises (workspace_id, actor_id, action, subject_type, subject_id, detail, request_id)
    values (in_workspace, '${PERSON}', append.action, append.subject_type, append.subject_id, append.detail,
      append.request_id)
    on conflict do nothing returning id into made;
    return made;
  end $$;
  create table bench.chained (like bench.plain including all, hash bytea not null);
  create table bench.chain_head (one boolean primary key default true, hash bytea not null);
  insert into bench.chain_head (hash) values (sha256(''));
  create function bench.append_chained(in_workspace uuid, action text, subject_type text, subject_id text, detail jsonb,
    request_id text) returns bigint
  language plpgsql as $$
  declare made bigint; previous bytea;
  begin
    select hash into previous from bench.chain_head for update;
    previous := sha256(previous || convert_to(
      concat_ws('|', in_workspace, action, subject_type, subject_id, detail, request_id), 'UTF8'));
    insert into bench.chained (workspace_id, actor_id, action, subject_type, subject_id, detail, request_id, hash)
    values (in_workspace, '${PERSON}', append_chained.action, append_chained.subject_type, append_chained.subject_id,
      append_chained.detail, append_chained.request_id, previous)
    returning id into made;
    update bench.chain_head set hash = previous;
    return made;
  end $$;`;

const VALUES =
  `'report.exported', 'report', '12345', '{"format": "pdf", "pages": 12}', 'request-' || :request`;
const WORKSPACE = `('00000000-0000-4000-be00-' || lpad((:workspace)::text, 12, '0'))::uuid`;
const RANDOM = "\\set workspace random(1001, 1050)\n\\set request random(1, 1000000000000)\n";

const SCRIPTS: Record<string, string> = {
  "plain insert":
    `insert into bench.plain (workspace_id, actor_id, action, subject_type, subject_id, detail, request_id)
    values (${WORKSPACE}, '${PERSON}', ${VALUES});`.replaceAll("\n", " "),
  "same promises, unsealed": `select bench.append(${WORKSPACE}, ${VALUES});`,
  // What the triggers of audited tables do.
  "Groundwork: insert":
    `insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail, request_id)
    values (${WORKSPACE}, '${PERSON}', ${VALUES});`.replaceAll("\n", " "),
  // What clients do: who may, the request id's claim, the entry.
  "Groundwork: log_audit":
    `select public.log_audit(${WORKSPACE}, 'report.exported', 'report', '12345', null, ` +
    `'{"format": "pdf", "pages": 12}', 'request-' || :request);`,
  "one chain": `select bench.append_chained(${WORKSPACE}, ${VALUES});`,
};

/** Appending with 32 writers while the sealing job runs, and how fast a log is verified. */
export async function benchAudit(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  try {
    const { root, url, execute } = database;
    await execute(SET_UP);
    const comparison = await compare(
      {
        title: "Audit append, 32 writers",
        unit: "entries/s",
        better: "more",
        baseline: "plain insert",
      },
      Object.entries(SCRIPTS).map(([name, script]) => ({
        name,
        // Sealing runs beside the writers of every variant: only ours gives it anything to do.
        measure: async () => {
          const sealing = setInterval(() => execute("select private.seal_audit_log()"), 1000);
          try {
            return await pgbench(root, RANDOM + script, { url, clients: 32, seconds: 4 });
          } finally {
            clearInterval(sealing);
          }
        },
      })),
    );
    return [formatComparison(comparison), await benchVerification(database.execute)].join("\n\n");
  } finally {
    await database.stop();
  }
}

async function benchVerification(execute: (sql: string) => Promise<unknown>): Promise<string> {
  const workspace = "00000000-0000-4000-be00-000000001001";
  await execute(`
    insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail, request_id)
    select '${workspace}', '${PERSON}', 'report.exported', 'report', '12345', '{"format": "pdf", "pages": 12}',
      'bulk-' || g
    from generate_series(1, 2000000) as g`);
  await execute("select private.seal_audit_log()");
  await execute("vacuum analyze");
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const started = performance.now();
    const rows = await execute(
      `select is_valid, entries from public.verify_audit_log('${workspace}')`,
    ) as { is_valid: boolean; entries: string }[];
    if (!rows[0]?.is_valid) throw new Error("the log does not verify");
    if (round > 0) rates.push(Number(rows[0].entries) / (performance.now() - started) * 1000);
  }
  return [
    "### Audit verification, one workspace of 2 million entries",
    "",
    formatTable(["", "median entries/s", "worst"], [[
      "verify_audit_log",
      formatFigure(median(rates)),
      formatFigure(Math.min(...rates)),
    ]]),
  ].join("\n");
}
