import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { compare, formatComparison } from "./measure.ts";
import { pgbench } from "./pgbench.ts";

const PERSON = "00000000-0000-4000-a000-00000000be4c";
/** An agent in one of the person's workspaces, and its credential. */
const AGENT = "00000000-0000-4000-c000-00000000be4c";
const CREDENTIAL = "00000000-0000-4000-d000-00000000be4c";
const HOME = "00000000-0000-4000-be00-000000000001";
const SCOPE = "knowledge:read";
const AGENT_CLAIMS = JSON.stringify({
  sub: PERSON,
  role: "authenticated",
  aud: "authenticated",
  client_id: AGENT,
  scope: SCOPE,
  credential_id: CREDENTIAL,
  act: { sub: AGENT, credential_id: CREDENTIAL },
});

/** Each way of writing the same policy: who is in the row's workspace may read the row. */
const FORMS: Record<string, string> = {
  "Groundwork: = any (array)": "workspace_id = any ((select private.workspace_ids())::uuid[])",
  "in (select set)": "workspace_id in (select bench.workspace_id_set())",
  "exists (join)":
    "exists (select from public.members m where m.workspace_id = notes.workspace_id " +
    "and m.user_id = (select private.current_user_id()))",
  "function(row)": "bench.is_member_of(workspace_id)",
};

const table = (form: string, rows: number) =>
  `bench.notes_${Object.keys(FORMS).indexOf(form) + 1}_${rows}`;

const makeRows = (name: string, rows: number) => `
  create table ${name} (id bigint generated always as identity primary key, workspace_id uuid not null,
    created_at timestamptz not null, body text not null);
  insert into ${name} (workspace_id, created_at, body)
  select ('00000000-0000-4000-be00-' || lpad((g % ${
  Math.max(10, rows / 500)
})::text, 12, '0'))::uuid,
    now() - g * interval '1 second', repeat('x', 80)
  from generate_series(1, ${rows}) as g;
  create index on ${name} (workspace_id, created_at desc);
  grant select on ${name} to authenticated;`;
const closeRows = (name: string, condition: string) => `
  alter table ${name} enable row level security;
  create policy members on ${name} for select to authenticated using (${condition});`;

/** The same rows once without row security and once behind each form of the policy. */
function makeTables(rows: number): string {
  return makeRows(`bench.notes_0_${rows}`, rows) +
    Object.entries(FORMS).map(([form, condition]) => {
      const name = table(form, rows);
      return makeRows(name, rows) +
        closeRows(name, condition.replace("notes.", `${name.split(".")[1]}.`));
    }).join("");
}

/** Three workspaces for one person, as many as most people have, among all. */
const SET_UP = `
  create schema bench;
  grant usage on schema bench to authenticated;
  insert into auth.users (id, email) values ('${PERSON}', 'bench@example.com');
  insert into public.workspaces (id, name, slug)
  select ('00000000-0000-4000-be00-' || lpad(g::text, 12, '0'))::uuid, 'w' || g, 'w' || g
  from generate_series(0, 1999) as g;
  insert into public.members (workspace_id, user_id, role)
  select id, '${PERSON}', 'member' from public.workspaces where slug in ('w1', 'w4', 'w7');
  create function bench.workspace_id_set() returns setof uuid language sql stable security definer set search_path = ''
  as $$ select workspace_id from public.members where user_id = private.current_user_id() $$;
  create function bench.is_member_of(workspace uuid) returns boolean language sql stable security definer
    set search_path = ''
  as $$ select exists (
    select from public.members where workspace_id = workspace and user_id = private.current_user_id()) $$;
  grant execute on all functions in schema bench to authenticated;
  create role bench_person login in role authenticated;
  alter role bench_person set "request.jwt.claims" = '{"sub":"${PERSON}","role":"authenticated"}';
  insert into public.agents (id, workspace_id, name, slug, endpoint_url, status)
  values ('${AGENT}', '${HOME}', 'Bench', 'bench', 'https://bench.example', 'published');
  insert into public.agent_credentials (id, workspace_id, agent_id, name, secret_hash, scopes, expires_at)
  values ('${CREDENTIAL}', '${HOME}', '${AGENT}', 'bench', sha256('bench'), '{${SCOPE}}', now() + interval '1 day');
  insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
  values ('${HOME}', '${AGENT}', '${PERSON}', '{${SCOPE}}');
  insert into public.permissions (workspace_id, agent_id, user_id)
  values ('${HOME}', '${AGENT}', '${PERSON}');
  create role bench_agent login in role authenticated;
  alter role bench_agent set "request.jwt.claims" = '${AGENT_CLAIMS}';`;

/** Policies at 10 k and 1 M rows, against no row security and the usual forms. */
export async function benchPolicies(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  try {
    return await measurePolicies(database);
  } finally {
    await database.stop();
  }
}

/** A list of a million rows behind the same policy, read by a person and by an agent for them. */
export async function benchAgents(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  try {
    const { root, url, execute } = database;
    const rows = 1_000_000;
    await execute(SET_UP);
    await execute(makeRows("bench.notes", rows));
    await execute(closeRows(
      "bench.notes",
      `workspace_id = any ((select private.workspace_ids('member', '${SCOPE}'))::uuid[])`,
    ));
    await execute("vacuum analyze");
    const list = `select id, created_at, body from bench.notes where workspace_id = '${HOME}'`;
    const queries = {
      "Newest 50 of one workspace": `${list} order by created_at desc limit 50`,
      "All 500 of one workspace": list,
    };
    const tables: string[] = [];
    for (const [title, sql] of Object.entries(queries)) {
      const run = async (who: string, before: string) => {
        await execute(before);
        const as = url.replace(/\/\/[^@]+@/, `//${who}@`);
        return await pgbench(root, sql, { url: as, clients: 2, seconds: 2 });
      };
      const remembered = `select private.remember_delegation('${AGENT}', '${PERSON}')`;
      const comparison = await compare({
        title: `${title}, a million rows, through an agent`,
        unit: "queries/s",
        better: "more",
        baseline: "the person",
      }, [
        { name: "the person", measure: () => run("bench_person", "select") },
        { name: "an agent for the person", measure: () => run("bench_agent", remembered) },
        {
          name: "the same, decided by each statement",
          measure: () => run("bench_agent", "delete from private.delegations"),
        },
      ]);
      tables.push(formatComparison(comparison));
    }
    return tables.join("\n\n");
  } finally {
    await database.stop();
  }
}

async function measurePolicies(database: BenchDatabase): Promise<string> {
  const { root, url, execute } = database;
  await execute(SET_UP);
  const tables: string[] = [];
  for (const rows of [10_000, 1_000_000]) {
    await execute(makeTables(rows));
    await execute("vacuum analyze");
    const mine = ["1", "4", "7"].map((n) => `'00000000-0000-4000-be00-${n.padStart(12, "0")}'`);
    const queries: Record<string, (name: string, where: string) => string> = {
      "newest 50 of one workspace": (name) =>
        `select id, created_at, body from ${name} where workspace_id = ${
          mine[0]
        } order by created_at desc limit 50`,
      "newest 50 of all mine": (name, where) =>
        `select id, created_at, body from ${name} ${where} order by created_at desc limit 50`,
      "count of all mine": (name, where) => `select count(*) from ${name} ${where}`,
    };
    for (const [title, query] of Object.entries(queries)) {
      // The row-by-row forms take seconds a query on a million rows; few clients and a short while say enough.
      const run = (sql: string) =>
        pgbench(root, sql, {
          url: url.replace(/\/\/[^@]+@/, "//bench_person@"),
          clients: 2,
          seconds: 2,
        });
      const comparison = await compare(
        {
          title: `${title}, ${rows.toLocaleString("en-US")} rows`,
          unit: "queries/s",
          better: "more",
          baseline: "no RLS",
        },
        [
          {
            name: "no RLS",
            measure: () =>
              run(
                query(`bench.notes_0_${rows}`, `where workspace_id = any (array[${mine}]::uuid[])`),
              ),
          },
          ...Object.keys(FORMS).map((form) => ({
            name: form,
            measure: () => run(query(table(form, rows), "")),
          })),
        ],
      );
      tables.push(formatComparison(comparison));
    }
  }
  return tables.join("\n\n");
}
