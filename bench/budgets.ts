import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { compare, formatComparison, formatFigure, formatTable } from "./measure.ts";
import { pgbench } from "./pgbench.ts";

const WORKSPACE = "00000000-0000-4000-be00-000000002001";
const CLIENTS = 32;

/** One hot workspace, and the ways in which others keep a budget. */
const SET_UP = `
  insert into public.workspaces (id, name, slug) values ('${WORKSPACE}', 'hot', 'hot');
  insert into public.budgets (workspace_id, period, amount) values ('${WORKSPACE}', 'day', 1000000000000);
  create schema bench;
  create table bench.events (
    id bigint generated always as identity primary key, workspace_id uuid not null,
    occurred_at timestamptz not null default now(),
    kind text not null, quantity numeric(20, 6) not null, unit text not null, user_id uuid, request_id text
  );
  create index on bench.events (workspace_id, occurred_at);
  create table bench.one_row (workspace_id uuid primary key, left_over bigint not null check (left_over >= 0));
  create table bench.looked_at (workspace_id uuid primary key, left_over bigint not null);
  create table bench.taken (workspace_id uuid not null, request_id text not null, tokens bigint not null,
    primary key (workspace_id, request_id));
  insert into bench.one_row values ('${WORKSPACE}', 1000000000000);
  insert into bench.looked_at values ('${WORKSPACE}', 1000000000000);
  create function bench.take(in_workspace uuid, request text, wanted bigint) returns boolean language plpgsql as $$
  begin
    update bench.one_row as b set left_over = b.left_over - wanted
    where b.workspace_id = in_workspace and b.left_over >= wanted;
    if found then
      insert into bench.taken values (in_workspace, request, wanted);
    end if;
    return found;
  end $$;
  -- Looks first, then takes, with the pause in between that a network has: what most write first.
  create function bench.look_and_take(in_workspace uuid, request text, wanted bigint) returns boolean
    language plpgsql as $$
  begin
    if (select b.left_over from bench.looked_at as b where b.workspace_id = in_workspace) < wanted then
      return false;
    end if;
    update bench.looked_at as b set left_over = b.left_over - wanted where b.workspace_id = in_workspace;
    insert into bench.taken values (in_workspace, request, wanted);
    return true;
  end $$;
  create function bench.reserve(in_workspace uuid, request text, wanted bigint, lease integer) returns boolean
    language plpgsql as $$
  begin
    return public.reserve_usage(in_workspace, request, tokens => wanted, lease_seconds => lease);
  exception when sqlstate 'PGRST' then
    return false; -- exhausted
  end $$;`;

const REQUEST = "\\set request random(1, 1000000000000)\n\\set wanted random(1, 60)\n";
const hot = (call: string) => `${REQUEST}select ${call};`;

const insertInto = (table: string) =>
  `${REQUEST}insert into ${table} (workspace_id, kind, quantity, unit, request_id) ` +
  `values ('${WORKSPACE}', 'tokens', :wanted, 'token', 'r' || :request);`;

const SCRIPTS: Record<string, string> = {
  "plain insert of an event": insertInto("public.billing_events"),
  "the same into a table without checks, partitions or searches": insertInto("bench.events"),
  "Groundwork: reserve_usage": hot(
    `public.reserve_usage('${WORKSPACE}', 'r' || :request, tokens => :wanted)`,
  ),
  "one row for the budget": hot(`bench.take('${WORKSPACE}', 'r' || :request, :wanted)`),
  "look, then take": hot(`bench.look_and_take('${WORKSPACE}', 'r' || :request, :wanted)`),
};

/** Reservations a second on one hot workspace, beside the plain insert of an event; and who overspends. */
export async function benchBudgets(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  try {
    const { root, url, execute } = database;
    await execute(SET_UP);
    const comparison = await compare(
      {
        title: `Reserving from one hot workspace's budget, ${CLIENTS} at once`,
        unit: "reservations/s",
        better: "more",
        baseline: "plain insert of an event",
      },
      Object.entries(SCRIPTS).map(([name, script]) => ({
        name,
        measure: () => pgbench(root, script, { url, clients: CLIENTS, seconds: 4 }),
      })),
    );
    return [formatComparison(comparison), await compareOverspending(database)].join("\n\n");
  } finally {
    await database.stop();
  }
}

/** All ask for more than there is: what each way lets them take. */
async function compareOverspending({ root, url, execute }: BenchDatabase): Promise<string> {
  const amount = 50_000;
  await execute(`
    truncate bench.taken;
    update bench.one_row set left_over = ${amount};
    update bench.looked_at set left_over = ${amount};
    delete from public.budgets where workspace_id = '${WORKSPACE}';
    delete from private.usage_reservations where workspace_id = '${WORKSPACE}';
    insert into public.budgets (workspace_id, period, amount) values ('${WORKSPACE}', 'day', ${amount})`);
  const ways: [string, string, string][] = [
    [
      "Groundwork: reserve_usage",
      `bench.reserve('${WORKSPACE}', 'x' || :request, :wanted, 600)`,
      "select sum(a) as taken from private.usage_reservations, unnest(amounts) as a",
    ],
    [
      "one row for the budget",
      `bench.take('${WORKSPACE}', 'x' || :request, :wanted)`,
      `select ${amount} - left_over as taken from bench.one_row`,
    ],
    [
      "look, then take",
      `bench.look_and_take('${WORKSPACE}', 'x' || :request, :wanted)`,
      `select ${amount} - left_over as taken from bench.looked_at`,
    ],
  ];
  const rows: string[][] = [];
  for (const [name, call, count] of ways) {
    await pgbench(root, hot(call), { url, clients: 64, transactions: 100 });
    const [row] = await execute(count) as unknown as { taken: string }[];
    const taken = Number(row?.taken);
    rows.push([name, `${taken}`, `${Math.max(0, taken - amount)}`]);
  }
  return [
    `### 64 ask 6,400 times for about four times a budget of ${amount.toLocaleString("en-US")}`,
    "",
    formatTable(["", "taken", "above the limit"], rows),
  ].join("\n");
}

const OPERATIONS = Number(Deno.env.get("BENCH_OPERATIONS") ?? 1_000_000);

/**
 * A million reservations, settlements and deaths at random on one budget that is too small for them, with somebody who
 * looks at the books all the while. The seed is printed; BENCH_SEED says it again.
 */
export async function benchRandomSpenders(): Promise<string> {
  const seed = Number(Deno.env.get("BENCH_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  const spenders = 64;
  const turns = Math.ceil(OPERATIONS / 2 / spenders);
  const amount = spenders * turns * 12; // of some 15 that each turn would use
  const database = await startBenchDatabase({ redis: "none" });
  try {
    const { root, url, execute } = database;
    await execute(SET_UP);
    await execute(`
      update public.budgets set amount = ${amount} where workspace_id = '${WORKSPACE}';
      create table bench.used (tokens bigint not null);
      create table bench.refused (n bigint not null);
      create table bench.died (n bigint not null);
      create function bench.spend(request text, wanted bigint, chance integer, share integer) returns void
        language plpgsql as $$
      declare used bigint := wanted * share / 100;
      begin
        if not bench.reserve('${WORKSPACE}', request, wanted, case when chance <= 10 then 1 else 600 end) then
          insert into bench.refused values (1);
        elsif chance <= 10 then
          insert into bench.died values (1);
        end if;
      end $$;
      create function bench.settle(request text, wanted bigint, chance integer, share integer) returns void
        language plpgsql as $$
      declare used bigint := wanted * share / 100;
      begin
        if chance > 10 and public.settle_usage('${WORKSPACE}', request, tokens => used) then
          insert into bench.used values (used);
        end if;
      end $$;`);
    const script = "\\set a random(1, 1000000000000)\n\\set wanted random(1, 60)\n" +
      "\\set chance random(1, 100)\n\\set share random(0, 100)\n" +
      "select bench.spend('r' || :a, :wanted, :chance, :share);\n" +
      "select bench.settle('r' || :a, :wanted, :chance, :share);\n";
    let looks = 0;
    let broken = 0;
    const look = async () => {
      const [books] = await execute(`
        select pool.left_over + sum(s.free + s.reserved + s.spent) as total, sum(s.reserved + s.spent) as gone,
          min(s.free) as least
        from private.budget_pools as pool join private.budget_slots as s using (budget_id, period_start)
        group by pool.left_over`) as unknown as { total: string; gone: string; least: string }[];
      if (!books) return;
      looks++;
      if (
        Number(books.total) !== amount || Number(books.gone) > amount || Number(books.least) < 0
      ) {
        broken++;
        console.error("bench: the books do not balance", books);
      }
    };
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        await execute("select private.release_reservations(1000)");
        await look();
        await new Promise((wake) => setTimeout(wake, 100));
      }
    })();
    const begun = performance.now();
    await pgbench(root, script, { url, clients: spenders, transactions: turns, seed });
    const seconds = (performance.now() - begun) / 1000;
    isOver = true;
    await watching;
    await new Promise((wake) => setTimeout(wake, 1500)); // the last of the dead
    for (let n = 0; n < 100; n++) await execute("select private.release_reservations(10000)");
    await look();
    const [end] = await execute(`
      select (select coalesce(sum(tokens), 0) from bench.used) as used, (select count(*) from bench.used) as settled,
        (select count(*) from bench.refused) as refused, (select count(*) from bench.died) as died,
        (select sum(spent) from private.budget_slots) as spent,
          (select sum(reserved) from private.budget_slots) as reserved`) as unknown as Record<
      string,
      string
    >[];
    return [
      `### ${
        (2 * spenders * turns).toLocaleString("en-US")
      } reservations, settlements and deaths at random`,
      "",
      `BENCH_SEED=${seed}; ${spenders} spenders, ${
        formatFigure(seconds)
      } s. What was used is spent: ${
        end?.used === end?.spent ? "yes" : "NO"
      }; still reserved: ${end?.reserved}.`,
      "",
      formatTable(
        [
          "amount",
          "spent",
          "above the limit",
          "settled",
          "refused",
          "died",
          "looks at the books",
          "of them wrong",
        ],
        [[
          `${amount}`,
          `${end?.spent}`,
          `${Math.max(0, Number(end?.spent) - amount)}`,
          ...[end?.settled, end?.refused, end?.died].map(String),
          `${looks}`,
          `${broken}`,
        ]],
      ),
    ].join("\n");
  } finally {
    await database.stop();
  }
}
