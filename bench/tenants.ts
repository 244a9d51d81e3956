import postgres from "postgres";
import { type Series, writeLineChart } from "./chart.ts";
import { startBenchDatabase } from "./database.ts";
import { formatTable, median } from "./measure.ts";
import { addTenants, AT_ONCE, id, PREPARE } from "./tenants/world.ts";

/** How many workspaces there are in turn; BENCH_TENANTS sets others, e.g. `100,1000,10000,100000`. */
const SIZES = (Deno.env.get("BENCH_TENANTS") ?? "100,1000").split(",").map(Number);
const ROUNDS = 5;
const PICTURE = new URL("../docs/pictures/tenants.svg", import.meta.url);

/** As a person of the API: what follows is read by their rights. */
const as = (n: number) =>
  `set local role authenticated; select set_config('request.jwt.claims',
    json_build_object('sub', ${id("aa00", String(n))}, 'role', 'authenticated')::text, true);`;

/**
 * What each thing costs one workspace while there are 100 and 1,000 of them (or as BENCH_TENANTS says): every scheduled
 * job, a claim, a permission check, a search, an export and an erasure. Times are medians of five, in milliseconds.
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
    console.error(`bench: tenants: ${name}: ${median(taken).toFixed(1)} ms`);
  };
  try {
    await sql.unsafe(PREPARE);
    const jobs = await sql<{ jobname: string; command: string }[]>`
      select jobname, command from cron.job order by jobname`;
    await sql.unsafe("update cron.job set active = false");
    let have = 0;
    for (const size of SIZES) {
      while (have < size) {
        const until = Math.min(size, have + AT_ONCE);
        await sql.unsafe(addTenants(have + 1, until));
        have = until;
      }
      console.error(`bench: tenants: there are ${size}`);
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
