import postgres from "postgres";
import { temporaryName } from "../local/services/leftovers.ts";
import { makeServerFolder } from "../local/services/postgres.ts";
import { POSTGRES_BIN, STATE_FOLDER } from "../local/services/root.ts";
import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { id, type LargeTable, type Question, TABLES, WORKSPACES } from "./large-table/tables.ts";
import { formatFigure, formatTable, median } from "./measure.ts";

/** How many rows there are in turn; BENCH_ROWS sets others, e.g. `100000,1000000,10000000`. */
const SIZES = (Deno.env.get("BENCH_ROWS") ?? "100000,1000000").split(",").map(Number);
/** Of which tables; BENCH_TABLES names some, e.g. `messages,audit_log`. */
const WANTED = Deno.env.get("BENCH_TABLES")?.split(",");
/** Rows that are added by one statement. */
const AT_ONCE = 500_000;
const ROUNDS = 5;
/** How many rows are thought of. */
const ON_PAPER = 1e8;
const MEBIBYTE = 2 ** 20;

const PEOPLE = `
  insert into auth.users (id, email, email_confirmed_at, confirmation_sent_at)
  select ${id("aa00", "n")}, 'p' || n || '@rows.example', now(), now()
  from generate_series(1, ${WORKSPACES}) as n;
  insert into public.workspaces (id, name, slug)
  select ${id("be00", "n")}, 'w' || n, 'rows-' || n from generate_series(1, ${WORKSPACES}) as n;
  insert into public.members (workspace_id, user_id, role)
  select ${id("be00", "n")}, ${
  id("aa00", "n")
}, 'owner' from generate_series(1, ${WORKSPACES}) as n;
  -- The partitions of all months that are kept.
  select private.maintain_partitions((now() - make_interval(months => n))::date)
  from generate_series(84, 0, -1) as n`;

/** A copy of a server's data: how long it takes and how large it is. */
async function backUp({ root, url }: BenchDatabase): Promise<{ seconds: number; bytes: number }> {
  const folder = `${STATE_FOLDER}/postgres-${temporaryName()}`;
  await makeServerFolder(root, folder);
  try {
    const begun = performance.now();
    await root.run(
      "postgres",
      `${POSTGRES_BIN}/pg_basebackup`,
      ...[`--dbname=${url}`, `--pgdata=${folder}`, "--format=tar"],
      ...["--wal-method=fetch", "--checkpoint=fast"],
    );
    const seconds = (performance.now() - begun) / 1000;
    const { size } = await Deno.stat(root.outside(`${folder}/base.tar`));
    return { seconds, bytes: size };
  } finally {
    await Deno.remove(root.outside(folder), { recursive: true });
  }
}

/** What one table costs while it grows: its bytes, a vacuum, an index, a backup, and what people ask of it. */
async function measure(table: LargeTable, sizes: number[]): Promise<Map<string, number[]>> {
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, prepare: false });
  const figures = new Map<string, number[]>();
  const note = (name: string, figure: number) => {
    figures.set(name, [...figures.get(name) ?? [], figure]);
    console.error(`bench: ${table.name}: ${name}: ${formatFigure(figure)}`);
  };
  const seconds = async (statement: string) => {
    const begun = performance.now();
    await sql.unsafe(statement);
    return (performance.now() - begun) / 1000;
  };
  const asReplica = (statement: string) =>
    seconds(`set session_replication_role = replica; ${statement};
      set session_replication_role = origin`);
  const asked = async ({ as, ask }: Question, rows: number) => {
    const taken: number[] = [];
    const role = as === "person" ? "authenticated" : "service_role";
    for (let round = 0; round <= ROUNDS; round++) {
      const { workspace, sql: statement } = ask(
        1 + Math.floor(rows * (round + 0.5) / (ROUNDS + 1)),
      );
      await sql.unsafe(`begin; set local role ${role}; select set_config('request.jwt.claims',
        json_build_object('sub', ${id("aa00", workspace)}, 'role', '${role}')::text, true)`);
      const begun = performance.now();
      const { count } = await sql.unsafe(statement);
      if (round > 0) taken.push(performance.now() - begun);
      await sql.unsafe("rollback");
      if (count === 0) throw new Error(`nothing was answered: ${statement}`);
    }
    return median(taken);
  };
  try {
    await sql.unsafe("update cron.job set active = false");
    await sql.unsafe(PEOPLE);
    if (table.before) await sql.unsafe(table.before);
    let have = 0;
    for (const size of sizes) {
      let loading = 0;
      const added = size - have;
      while (have < size) {
        const until = Math.min(size, have + AT_ONCE);
        loading += await asReplica(table.add(have + 1, until));
        have = until;
      }
      note("rows a second, loaded without triggers", added / loading);
      note("first vacuum, s", await seconds(`vacuum (analyze, freeze) public.${table.name}`));
      for (const { words, make } of table.indexes) {
        note(`index ${words}, s`, await seconds(make));
      }
      await sql.unsafe("vacuum analyze");
      const [bytes] = await sql<{ heap: number; indexes: number }[]>`
        select sum(pg_table_size(relid))::float8 as heap, sum(pg_indexes_size(relid))::float8 as indexes
        from (select ${`public.${table.name}`}::regclass as relid
          union select relid from pg_partition_tree(${`public.${table.name}`}::regclass)) as part`;
      note("bytes a row, table", bytes!.heap / size);
      note("bytes a row, all its indexes", bytes!.indexes / size);
      await asReplica(table.dies);
      note("vacuum of 1 % dead rows, s", await seconds(`vacuum public.${table.name}`));
      note("vacuum with nothing to do, s", await seconds(`vacuum public.${table.name}`));
      for (const question of table.questions) note(question.name, await asked(question, size));
      await sql.unsafe("checkpoint");
      const backup = await backUp(database);
      note("base backup of the server, s", backup.seconds);
      note("base backup of the server, MiB", backup.bytes / MEBIBYTE);
      for (const { drop } of table.indexes) await sql.unsafe(drop);
    }
    return figures;
  } finally {
    await sql.end();
    await database.stop();
  }
}

/** What grows, continued from the last two sizes in a straight line. */
function onPaper(name: string, sizes: number[], values: number[]): string {
  if (!/, (s|MiB)$/.test(name) || sizes.length < 2) return "";
  const [[x, y], [nextX, nextY]] = [-2, -1].map((at) => [sizes.at(at)!, values.at(at)!]) as [
    [number, number],
    [number, number],
  ];
  return formatFigure(nextY + (nextY - y) / (nextX - x) * (ON_PAPER - nextX));
}

/**
 * What large tables cost while they grow: their bytes, a vacuum, an index, a backup, and what is asked of them.
 * Seconds, and milliseconds as medians of five; the last column is on paper.
 */
export async function benchLargeTable(): Promise<string> {
  const told: string[] = [];
  for (const table of TABLES.filter(({ name }) => WANTED?.includes(name) ?? true)) {
    const sizes = SIZES.map((size) => size * table.share);
    const figures = await measure(table, sizes);
    told.push(formatTable(
      [
        table.name,
        ...sizes.map((size) => size.toLocaleString("en-US")),
        `${ON_PAPER.toLocaleString("en-US")}, on paper`,
      ],
      [...figures].map((
        [name, values],
      ) => [name, ...values.map(formatFigure), onPaper(name, sizes, values)]),
    ));
  }
  told.push(
    `Load of the machine at the end: ${
      Deno.loadavg().map((load) => load.toFixed(1)).join(", ")
    }, on ${navigator.hardwareConcurrency} cores.`,
  );
  return told.join("\n\n");
}
