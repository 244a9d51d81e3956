import postgres from "postgres";
import { type Series, writeLineChart } from "./chart.ts";
import { startBenchDatabase } from "./database.ts";
import { formatTable, median } from "./measure.ts";

/** How many workspaces there are in turn; BENCH_TENANTS sets others, e.g. `100,1000,10000,100000`. */
const SIZES = (Deno.env.get("BENCH_TENANTS") ?? "100,1000").split(",").map(Number);
/** Each workspace has a person, an agent, a conversation with these messages, and entries and events of its own. */
const EACH = 20;
const ROUNDS = 5;
const PICTURE = new URL("../docs/pictures/tenants.svg", import.meta.url);

const id = (kind: string, n: string) =>
  `('00000000-0000-4000-${kind}-' || lpad((${n})::text, 12, '0'))::uuid`;

/** Adds the workspaces `from` to `to`, which do nothing afterwards: what they have is only there. */
const addTenants = (from: number, to: number) => `
  insert into auth.users (id, email, email_confirmed_at, confirmation_sent_at)
  select ${
  id("aa00", "n")
}, 'p' || n || '@tenants.example', now(), now() from generate_series(${from}, ${to}) as n;
  insert into public.workspaces (id, name, slug)
  select ${id("be00", "n")}, 'w' || n, 'tenant-' || n from generate_series(${from}, ${to}) as n;
  insert into public.members (workspace_id, user_id, role)
  select ${id("be00", "n")}, ${id("aa00", "n")}, 'owner' from generate_series(${from}, ${to}) as n;
  insert into public.members (workspace_id, user_id, role)
  select ${id("be00", "n")}, ${id("aa00", "n + 1")}, 'owner' from generate_series(${from}, ${
  to - 1
}) as n;
  insert into public.agents (id, workspace_id, slug, name, endpoint_url, status)
  select ${id("ae00", "n")}, ${id("be00", "n")}, 'a', 'A', 'https://a.example', 'published'
  from generate_series(${from}, ${to}) as n;
  insert into public.conversations (id, workspace_id, user_id)
  select ${id("ce00", "n")}, ${id("be00", "n")}, ${
  id("aa00", "n")
} from generate_series(${from}, ${to}) as n;
  insert into public.messages (workspace_id, conversation_id, user_id, role, parts)
  select ${id("be00", "n")}, ${id("ce00", "n")}, ${id("aa00", "n")}, 'user',
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'word' || n || ' said ' || k))
  from generate_series(${from}, ${to}) as n, generate_series(1, ${EACH}) as k;
  insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id)
  select ${id("be00", "n")}, ${id("aa00", "n")}, 'report.read', 'report', gen_random_uuid()
  from generate_series(${from}, ${to}) as n, generate_series(1, ${EACH}) as k;
  insert into public.billing_events (workspace_id, kind, quantity, unit, user_id)
  select ${id("be00", "n")}, 'message', 1, 'message', ${id("aa00", "n")}
  from generate_series(${from}, ${to}) as n, generate_series(1, ${EACH}) as k;
  insert into bench.chores (workspace_id, scheduled_for)
  select ${id("be00", "n")}, now() + interval '1 day' from generate_series(${from}, ${to}) as n;
  update private.work_lanes set moved_at = now() - interval '2 minutes' where queue = 'chores';
  select private.tidy_work_lanes(q) from private.work_queues as q where q.name = 'chores';`;

/** As a person of the API: what follows is read by their rights. */
const as = (n: number) =>
  `set local role authenticated; select set_config('request.jwt.claims',
    json_build_object('sub', ${id("aa00", String(n))}, 'role', 'authenticated')::text, true);`;

/**
 * What each thing costs one workspace while there are 100 and 1,000 of them (or as BENCH_TENANTS says): every scheduled
 * job, a claim, a
 * permission check, a search, an export and an erasure. Times are medians of five, in milliseconds.
 */
export async function benchTenants(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, prepare: false });
  const times = new Map<string, number[]>();
  const time = async (name: string, statement: (round: number) => string, before = "") => {
    const taken: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      await sql.unsafe("begin");
      if (before) await sql.unsafe(before);
      const begun = performance.now();
      await sql.unsafe(statement(round));
      if (round > 0) taken.push(performance.now() - begun);
      await sql.unsafe(name.startsWith("job ") ? "commit" : "rollback");
    }
    times.set(name, [...times.get(name) ?? [], median(taken)]);
  };
  try {
    await sql.unsafe(`create schema bench;
      create table bench.chores (like private.work_item including all);
      alter schema bench owner to postgres; alter table bench.chores owner to postgres;
      select private.register_work_queue('bench.chores')`);
    const jobs = await sql<{ jobname: string; command: string }[]>`
      select jobname, command from cron.job order by jobname`;
    await sql.unsafe("update cron.job set active = false");
    let have = 0;
    for (const size of SIZES) {
      await sql.unsafe(addTenants(have + 1, size));
      have = size;
      await sql.unsafe("vacuum analyze");
      // What is left to do for the new ones is done once, and not counted.
      for (const { command } of jobs) await sql.unsafe(command);
      await sql.unsafe("vacuum analyze");
      for (const { jobname, command } of jobs) await time(`job ${jobname}`, () => command);
      await time(
        "claim of one item",
        () => "select * from private.claim_work('chores', 'w')",
        `insert into bench.chores (workspace_id) values (${id("be00", "1")})`,
      );
      await time(
        "permission check",
        (n) =>
          `select * from private.access_of(${id("aa00", `${n + 1}`)}, ${id("ae00", `${n + 1}`)})`,
      );
      await time(
        "search of messages",
        () => "select * from public.search_messages('word7')",
        as(7),
      );
      await time(
        "export of a person",
        (n) => `select count(*) from private.export_pieces(${id("aa00", `${n + 10}`)})`,
      );
      // Each workspace has a second owner: it keeps one.
      await time(
        "erasure of a person",
        (n) =>
          `select private.erase_person(${id("aa00", `${n + 20}`)}, 'p${n + 20}@tenants.example')`,
      );
    }
    return await report(times);
  } finally {
    await sql.end();
    await database.stop();
  }
}

async function report(times: Map<string, number[]>): Promise<string> {
  const all = [...times];
  const others = all.filter(([name]) => !name.startsWith("job "));
  const slowest = all.filter(([name]) => name.startsWith("job "))
    .toSorted(([, a], [, b]) => (b.at(-1) ?? 0) - (a.at(-1) ?? 0));
  const drawn: Series[] = [...others, ...slowest.slice(0, 1)].map(([label, values]) => ({
    label,
    points: values.map((ms, n) => [Math.log10(SIZES[n] ?? 1), ms]),
  }));
  await writeLineChart(PICTURE, {
    title: "What one request costs, by how many idle workspaces there are",
    x: "workspaces, as a power of ten",
    y: "ms",
    series: drawn,
  });
  return formatTable(
    ["ms", ...SIZES.map((size) => `${size.toLocaleString("en-US")} workspaces`)],
    [...others, ...slowest].map(([name, values]) => [name, ...values.map((ms) => ms.toFixed(1))]),
  );
}
