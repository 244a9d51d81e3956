import { POSTGRES_BIN, type Root } from "../local/services/root.ts";

/** How a script is run. */
export interface PgbenchOptions {
  url: string;
  clients: number;
  /** How long, or how often for each client. */
  seconds?: number;
  transactions?: number;
  /** What its random numbers begin with. */
  seed?: number;
}

/** Runs a pgbench script (prepared statements) and returns transactions per second. */
export async function pgbench(
  root: Root,
  script: string,
  options: PgbenchOptions,
): Promise<number> {
  const file = `/tmp/groundwork-bench-${crypto.randomUUID()}.sql`;
  await Deno.writeTextFile(root.outside(file), script);
  try {
    const said = await root.run(
      "postgres",
      `${POSTGRES_BIN}/pgbench`,
      ...["--no-vacuum", "--protocol=prepared", `--file=${file}`, `--client=${options.clients}`],
      `--jobs=${Math.min(2, options.clients)}`,
      ...(options.seconds === undefined
        ? [`--transactions=${options.transactions}`]
        : [`--time=${options.seconds}`]),
      ...(options.seed === undefined ? [] : [`--random-seed=${options.seed}`]),
      options.url,
    );
    const rate = /tps = ([\d.]+)/.exec(said)?.[1];
    if (rate === undefined) throw new Error(`pgbench said nothing of its rate:\n${said}`);
    return Number(rate);
  } finally {
    await Deno.remove(root.outside(file));
  }
}
