/**
 * The ways from a worker to its queue: over HTTP (the function `work`), over supabase-js, or over a
 * connection of its own. All three speak the same grammar and refuse with the same codes.
 */
import { callFunction, isTemporary, RefusedError } from "./calls.ts";
import { type Claimed, type Held, type Transport, WorkError } from "./work.ts";

/**
 * Over HTTP, by the function `work`.
 *
 * @param url the project's API
 * @param token gives an agent's token with the scope `work:<queue>`: `createAgentTokens(…).asItself()`
 * @param key instead of it the operator's secret key, for the work of all workspaces
 */
export function httpTransport(
  { timeout = 10, ...through }:
    & { url: string; timeout?: number }
    & (
      | { token: () => Promise<string> }
      | { key: string }
    ),
): Transport {
  async function say(
    queue: string,
    verb: string,
    body: Record<string, unknown>,
  ): Promise<unknown> {
    try {
      return await callFunction(through, `work/${queue}/${verb}`, {
        body,
        signal: AbortSignal.timeout(timeout * 1000),
      });
    } catch (error) {
      // What passes by itself is no refusal: the worker tries again.
      if (!(error instanceof RefusedError) || error.code === "unknown" || isTemporary(error)) {
        throw error;
      }
      throw new WorkError(error.code, error.message, error.hint);
    }
  }
  const about = ({ token, ids }: Held) => ({ claim_token: token, ids });
  return {
    async claim(queue, worker, batch, lease) {
      const answered = await say(queue, "claim", { worker, batch, lease });
      return (answered as { work: Claimed[] }).work;
    },
    async heartbeat(queue, held, lease) {
      await say(queue, "heartbeat", { ...about(held), lease });
    },
    async complete(queue, held, outcome) {
      await say(queue, "complete", { ...about(held), outcome });
    },
    async fail(queue, held, error, { retryIn, retry }) {
      await say(queue, "fail", { ...about(held), error, retry_in: retryIn, retry });
    },
    async snooze(queue, held, until, reason) {
      await say(queue, "snooze", { ...about(held), until: until.toISOString(), reason });
    },
  };
}

/** The part of a supabase-js client that is needed. */
export interface RpcClient {
  rpc(name: never, args: never): PromiseLike<{
    data: unknown;
    error: { code?: string; message: string; hint?: string | null } | null;
    status?: number;
  }>;
}

/** Over supabase-js, with a client that was made with a secret key. */
export function rpcTransport(client: RpcClient): Transport {
  async function say(name: string, args: Record<string, unknown>): Promise<unknown> {
    const { data, error, status = 0 } = await client.rpc(name as never, args as never);
    if (!error) return data;
    if (!error.code || status >= 500 || status === 0) throw new Error(`${name}: ${error.message}`);
    throw new WorkError(error.code, error.message, error.hint);
  }
  const about = (queue: string, { token, ids }: Held) => ({ queue, claim_token: token, ids });
  return {
    async claim(queue, worker, batch, lease) {
      return await say("claim_work", {
        queue,
        worker,
        batch,
        lease: `${lease} seconds`,
      }) as Claimed[];
    },
    async heartbeat(queue, held, lease) {
      await say("heartbeat_work", { ...about(queue, held), lease: `${lease} seconds` });
    },
    async complete(queue, held, outcome) {
      await say("complete_work", { ...about(queue, held), outcome });
    },
    async fail(queue, held, error, { retryIn, retry }) {
      await say("fail_work", {
        ...about(queue, held),
        error,
        ...(retryIn === undefined ? {} : { retry_in: `${retryIn} seconds` }),
        ...(retry === undefined ? {} : { retry }),
      });
    },
    async snooze(queue, held, until, reason) {
      await say("snooze_work", {
        ...about(queue, held),
        until: until.toISOString(),
        ...(reason === undefined ? {} : { reason }),
      });
    },
  };
}

/** The part of a connection of postgres-js that is needed. */
export interface SqlConnection {
  unsafe(
    query: string,
    parameters: (string | number | boolean | null)[],
    options: { prepare: boolean },
  ): PromiseLike<readonly object[]>;
  options?: { prepare?: boolean };
}

/**
 * Over a connection of postgres-js: the fastest way. Statements are prepared, unless the connection
 * was made with `prepare: false`, as it must be before a pooler in transaction mode.
 */
export function postgresTransport(sql: SqlConnection): Transport {
  const prepare = sql.options?.prepare ?? true;
  async function say(
    query: string,
    parameters: (string | number | boolean | null)[],
  ): Promise<readonly object[]> {
    try {
      return await sql.unsafe(query, parameters, { prepare });
    } catch (error) {
      throw asRefusal(error);
    }
  }
  const literalOf = (ids: number[]) => `{${ids.join(",")}}`;
  return {
    async claim(queue, worker, batch, lease) {
      const rows = await say(
        `select id::text, workspace_id, attempts, max_attempts, claim_token, work::text,
           to_jsonb(lease_expires_at) #>> '{}' as lease_expires_at
         from public.claim_work($1, $2, $3::integer, $4::float8 * interval '1 second')`,
        [queue, worker, batch, lease],
      ) as (Omit<Claimed, "id" | "work"> & { id: string; work: string })[];
      return rows.map((row) => ({ ...row, id: Number(row.id), work: JSON.parse(row.work) }));
    },
    async heartbeat(queue, { token, ids }, lease) {
      await say(
        "select public.heartbeat_work($1, $2::uuid, $3::text::bigint[], $4::float8 * interval '1 second')",
        [queue, token, literalOf(ids), lease],
      );
    },
    async complete(queue, { token, ids }, outcome) {
      await say("select public.complete_work($1, $2::uuid, $3::text::bigint[], $4::text::jsonb)", [
        queue,
        token,
        literalOf(ids),
        JSON.stringify(outcome),
      ]);
    },
    async fail(queue, { token, ids }, error, { retryIn, retry }) {
      await say(
        "select public.fail_work($1, $2::uuid, $3::text::bigint[], $4, $5::float8 * interval '1 second', $6::boolean)",
        [queue, token, literalOf(ids), error, retryIn ?? null, retry ?? true],
      );
    },
    async snooze(queue, { token, ids }, until, reason) {
      await say(
        "select public.snooze_work($1, $2::uuid, $3::text::bigint[], $4::text::timestamptz, $5::text)",
        [queue, token, literalOf(ids), until.toISOString(), reason ?? null],
      );
    },
  };
}

/** Refusals of the grammar and of a table's types and checks; anything else passes or is a fault. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "" } = error as { code?: string };
  if (/^2[23]...$/.test(code)) return new WorkError(code, error.message);
  if (code !== "PGRST") return error;
  const said = JSON.parse(error.message) as { code: string; message: string; hint?: string };
  return new WorkError(said.code, said.message, said.hint);
}
