/** People, agents and workers who go on while a workspace moves, and who remember what was acknowledged. */
import { onLostConnection } from "../../database/lost-connections.ts";
import { type Cell, connect, type Sql } from "./two-cells.ts";

const ACME = "00000000-0000-4000-b000-000000000001";
const GLOBEX = "00000000-0000-4000-b000-000000000002";
const JUAN = "00000000-0000-4000-a000-000000000003";
const CONVERSATION = "00000000-0000-4000-d100-000000000001";

export const MOVING = ACME;

/** What one kind of work does with a marker; it may be asked again when no answer came. */
type Deed = (sql: Sql, marker: string, workspace: string) => Promise<unknown>;

const asJuan = <T>(sql: Sql, work: (own: Sql) => Promise<T>) =>
  sql.begin(async (own) => {
    const claims = JSON.stringify({ sub: JUAN, role: "authenticated" });
    await own`select set_config('request.jwt.claims', ${claims}, true)`;
    await own`set local role authenticated`;
    return await work(own as unknown as Sql);
  });

const DEEDS: Record<string, Deed> = {
  // A turn of a chat, under row-level security as supabase-js has it.
  said: (sql, marker) =>
    asJuan(sql, (own) =>
      own`
        select id from public.add_message(${CONVERSATION}, ${
        own.json([{ type: "text", text: marker }])
      }, message_id => ${marker})`),
  logged: (sql, marker, workspace) =>
    sql`select private.log_audit(${workspace}, 'drill.entry', null, null, null, ${
      sql.json({ marker })
    }, ${marker})`,
  billed: (sql, marker, workspace) =>
    sql`select private.record_usage(null, ${workspace}, 'tokens', 1, 'token', 2, 'USD', null, null, ${marker})`,
  queued: (sql, marker, workspace) =>
    sql`select private.enqueue_work('code_task_queue', ${
      sql.json([{
        workspace_id: workspace,
        prompt: marker,
        repository: "drill",
        dedupe_key: marker,
        max_attempts: 50,
      }])
    })`,
  imported: async (sql, marker, workspace) => {
    const leads = sql.json([{ state: "TX", county: "Travis", parcel: marker }]);
    const [row] = await sql<{ result: string }[]>`
      select result from private.import_leads('', ${workspace}, ${leads}, 'reject')`;
    if (row!.result === "refused") throw new Error("a lead was refused");
  },
  filed: (sql, marker, workspace) =>
    sql`select private.put_document(${workspace}, ${`drill.${marker}`}, ${`# ${marker}\n\nWords.`})`,
};

/** How often each marker of a kind is in a cell; work counts when it is done, and when it waits. */
const COUNTS: Record<string, string> = {
  said: "select client_id as marker from public.messages where workspace_id = $1",
  logged: `select detail ->> 'marker' as marker from public.audit_log
    where workspace_id = $1 and action = 'drill.entry'`,
  billed: "select request_id as marker from public.billing_events where workspace_id = $1",
  queued: "select prompt as marker from public.code_task_queue where workspace_id = $1",
  imported: "select lower(parcel) as marker from public.leads where workspace_id = $1",
  filed: "select substr(path::text, 7) as marker from public.documents where workspace_id = $1",
};

/** A load on one workspace, wherever it is. */
export interface Load {
  /** Everyone who was told that the workspace is elsewhere waits there until this is called. */
  goTo(cell: Cell): void;
  stop(): Promise<void>;
  /** Refusals by code. */
  refused: Map<string, number>;
  /** Answers that nobody should get. */
  unexpected: string[];
  /** What is missing or there twice; empty when all is well. */
  audit(cell: Cell): Promise<string[]>;
  acknowledged(): number;
}

const isElsewhere = (sql: Sql, workspace: string): Promise<boolean> =>
  asJuan(sql, async (own) => {
    const [place] = await own<{ status: string }[]>`
      select status from public.workspace_place(${workspace})`;
    return place?.status === "elsewhere";
  });

const codeOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== "PGRST") return code ?? String(message);
  return (JSON.parse(message!) as { code: string }).code;
};
const isGone = (code: string): boolean => /^(CONNECT|ECONN|EPIPE|57P0|08|53300)/.test(code);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What loads do when a connection is lost: they go on with new ones. */
const whenLost = new Set<() => void>();
onLostConnection(() => {
  for (const startAnew of whenLost) startAnew();
});

/** A question on a connection that was lost so is never answered: it is asked again, as a client does. */
const withinDeadline = <T>(question: Promise<T>): Promise<T> => {
  const deadline = Promise.withResolvers<T>();
  const timer = setTimeout(() => deadline.reject({ code: "CONNECT_DEADLINE" }), 20_000);
  return Promise.race([question, deadline.promise]).finally(() => clearTimeout(timer));
};

/** Begins a load: one client for each kind of work, and a worker that claims and completes. */
export function beginLoad(workspace: "acme" | "globex", first: Cell, between: number): Load {
  const id = workspace === "acme" ? ACME : GLOBEX;
  const acknowledged = new Map<string, string>();
  const completed: string[] = [];
  const refused = new Map<string, number>();
  const unexpected: string[] = [];
  const sqls = new Map<Cell, Sql>();
  let cell = first;
  let opening = Promise.withResolvers<void>();
  let isOver = false;

  const sqlOf = (at: Cell): Sql => {
    if (!sqls.has(at)) sqls.set(at, connect(at.url, 8));
    return sqls.get(at)!;
  };
  const old: Sql[] = [];
  const startAnew = () => {
    old.push(...sqls.values());
    sqls.clear();
  };
  whenLost.add(startAnew);

  /** Does one deed until it is acknowledged, as a client does that answers a person. */
  async function insist(name: string, deed: (sql: Sql) => Promise<unknown>): Promise<boolean> {
    while (!isOver) {
      const at = cell;
      try {
        await withinDeadline(deed(sqlOf(at)));
        return true;
      } catch (error) {
        let code = codeOf(error);
        // What left is hidden: a person's client asks the directory.
        if (code === "not_found") {
          code = await withinDeadline(isElsewhere(sqlOf(at), id)).then(
            (is) => is ? "misdirected_workspace" : code,
            codeOf, // a server that dies now is one more reason to ask again
          );
        }
        refused.set(code, (refused.get(code) ?? 0) + 1);
        if (code === "misdirected_workspace") {
          const gate = opening;
          if (cell === at) await Promise.race([gate.promise, pause(500)]);
        } else if (code === "workspace_moving" || isGone(code)) await pause(50);
        else {
          unexpected.push(`${name}: ${code}`);
          return false;
        }
      }
    }
    return false;
  }

  const clients = Object.entries(DEEDS)
    .filter(([name]) => workspace === "acme" || name !== "said")
    .map(async ([name, deed]) => {
      while (!isOver) {
        const marker = crypto.randomUUID();
        if (await insist(name, (sql) => deed(sql, marker, id))) acknowledged.set(marker, name);
        await pause(between * (0.5 + Math.random()));
      }
    });

  async function workOnce(sql: Sql): Promise<void> {
    const held = await sql<{ id: number; claim_token: string; prompt: string }[]>`
      select id, claim_token, work ->> 'prompt' as prompt
      from private.claim_work('code_task_queue', 'drill', 3, '2 seconds', ${id})`;
    for (const item of held) {
      await pause(10);
      await sql`
        select private.complete_work('code_task_queue', ${item.claim_token}, array[${item.id}::bigint], null)`;
      completed.push(item.prompt);
    }
    if (workspace === "acme") { // what jobs do; the neighbour leaves a copy alone that was just received
      await sql`select private.release_expired_work()`;
      await sql`select private.seal_audit_log()`;
    }
  }

  const worker = (async () => {
    while (!isOver) {
      const at = cell;
      try {
        await withinDeadline(workOnce(sqlOf(at)));
      } catch (error) {
        const code = codeOf(error);
        refused.set(code, (refused.get(code) ?? 0) + 1);
        const isExpected = ["misdirected_workspace", "workspace_moving", "lease_lost"].includes(
          code,
        );
        if (!isExpected && !isGone(code)) unexpected.push(`worker: ${code}`);
      }
      await pause(between);
    }
  })();

  return {
    refused,
    unexpected,
    acknowledged: () => acknowledged.size,
    goTo(next) {
      cell = next;
      opening.resolve();
      opening = Promise.withResolvers<void>();
    },
    async stop() {
      isOver = true;
      opening.resolve();
      await Promise.all([...clients, worker]);
      whenLost.delete(startAnew);
      await Promise.all([...old, ...sqls.values()].map((sql) => sql.end({ timeout: 1 })));
    },
    async audit(at) {
      const wrong: string[] = [];
      // Who goes on may be acknowledged while this reads.
      const until = new Map(acknowledged);
      const completedUntil = [...completed];
      for (const [name, query] of Object.entries(COUNTS)) {
        const rows = await at.admin.unsafe<{ marker: string }[]>(query, [id]);
        const found = new Map<string, number>();
        for (const { marker } of rows) found.set(marker, (found.get(marker) ?? 0) + 1);
        for (const [marker, kind] of until) {
          if (kind === name && !found.has(marker)) wrong.push(`${name} ${marker} is lost`);
        }
        for (const [marker, n] of found) {
          if (n > 1 && until.has(marker)) {
            wrong.push(`${name} ${marker} is there ${n} times`);
          }
        }
      }
      if (new Set(completed).size !== completed.length) wrong.push("work was completed twice");
      const done = await at.admin<{ prompt: string }[]>`
        select prompt from public.code_task_queue where workspace_id = ${id} and status = 'done'`;
      const isDone = new Set(done.map(({ prompt }) => prompt));
      for (const prompt of completedUntil) {
        if (!isDone.has(prompt)) wrong.push(`work ${prompt} was completed and is not done`);
      }
      return wrong;
    },
  };
}
