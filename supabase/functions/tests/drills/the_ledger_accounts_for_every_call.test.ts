/**
 * The database calls functions that answer well, late, with 500, with half an answer, or never. Each
 * call ends as succeeded, with one effect, or as failed or lost, loudly. Nobody waits for deadlines
 * and backoffs here: they are moved to now.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import postgres from "postgres";
import { eventually } from "../../_shared/asserts.ts";
import { serveRequests } from "../../_shared/outbound/loopback.ts";
import { startDrillStack } from "./drill-stack.ts";

const ATTEMPTS = 3;

/** What each function does, by the number of the attempt. Answered 200: it has had its effect. */
const behaviours: Record<string, (attempt: number) => number | "dies" | "silent" | "late"> = {
  well: () => 200,
  flaky: (attempt) => attempt < 3 ? 500 : 204,
  broken: () => 500,
  dying: (attempt) => attempt === 1 ? "dies" : 200,
  dead: () => "dies",
  silent: () => "silent",
  slow: (attempt) => attempt === 1 ? "late" : 200,
};

interface Target extends AsyncDisposable {
  url: string;
  /** How often each call came, by its number. */
  attempts: Map<string, number>;
  /** How often each call had its effect: what has the same number is done once. */
  effects: Map<string, number>;
  answerTheLate(): void;
}

async function startTarget(): Promise<Target> {
  const attempts = new Map<string, number>();
  const effects = new Map<string, number>();
  const late: (() => void)[] = [];
  const affect = (call: string) => {
    if (!effects.has(call)) effects.set(call, 1);
  };
  function answer(request: IncomingMessage, response: ServerResponse) {
    const call = `${request.headers["x-groundwork-call"]}`;
    const attempt = (attempts.get(call) ?? 0) + 1;
    attempts.set(call, attempt);
    request.resume();
    const behaviour = behaviours[request.url?.split("/").at(-1) ?? ""]?.(attempt) ?? 404;
    if (typeof behaviour === "number") {
      if (behaviour < 300) affect(call);
      response.writeHead(behaviour).end();
    } else if (behaviour === "dies") {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half an ans", () => response.socket?.destroy());
    } else if (behaviour === "late") {
      affect(call); // it did the work, and was too slow to say so
      late.push(() => response.writeHead(200).end());
    }
  }
  return {
    ...await serveRequests(answer),
    attempts,
    effects,
    answerTheLate: () => late.splice(0).forEach((say) => say()),
  };
}

Deno.test("calls to functions that are slow, fail, die or never answer end once, or fail loudly", async () => {
  await using stack = await startDrillStack({ redis: "none", seed: false });
  await using target = await startTarget();
  await using ends = new AsyncDisposableStack();
  const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => {}, prepare: false });
  ends.defer(() => sql.end());
  const askHealth = async () => {
    await new Promise((resolve) => setTimeout(resolve, 2100)); // figures are shared for two seconds
    const response = await fetch(`${stack.apiUrl}/functions/v1/health`, {
      headers: { apikey: stack.secretKey },
    });
    return await response.json();
  };

  await sql`select vault.update_secret(id, ${target.url}) from vault.secrets where name = 'groundwork_functions_url'`;
  for (const name of Object.keys(behaviours)) {
    await sql`select private.call_function('drill', ${name}, '{}', ${ATTEMPTS})`;
  }
  const readLedger = () =>
    sql<
      {
        id: string;
        function: string;
        status: string;
        attempts: number;
        last_error: string | null;
      }[]
    >`
      select id::text, function, status, attempts, last_error from private.function_calls where job = 'drill'
      order by id`;
  let isLateAnswered = false;
  await eventually("every call has ended", async () => {
    const ledger = await readLedger();
    // Only what has reached its function may be past its deadline.
    const arrived = ledger.filter(({ id, attempts, status }) =>
      status === "sent" && (target.attempts.get(id) ?? 0) >= attempts
    );
    const unanswered = arrived.filter((call) => ["silent", "slow"].includes(call.function));
    await sql`update private.function_calls set deadline = now()
      where id::text = any (string_to_array(${unanswered.map(({ id }) => id).join()}, ','))
        and status = 'sent'
        and not exists (select from net._http_response as r where r.id = function_calls.request_id)`;
    await sql`update private.function_calls set next_attempt_at = now() where job = 'drill' and status = 'retrying'`;
    await sql`select private.reconcile_function_calls()`;
    const slow = ledger.find((call) => call.function === "slow");
    if (!isLateAnswered && slow?.attempts === 2) {
      target.answerTheLate();
      isLateAnswered = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    return (await readLedger()).every(({ status }) =>
      ["succeeded", "failed", "lost"].includes(status)
    );
  });

  const ledger = await readLedger();
  const told = Object.fromEntries(
    ledger.map((call) => [call.function, `${call.status} ${call.attempts}`]),
  );
  deepStrictEqual(told, {
    well: "succeeded 1",
    flaky: "succeeded 3",
    broken: "failed 3",
    dying: "succeeded 2",
    dead: "lost 3",
    silent: "lost 3",
    slow: "succeeded 2",
  });
  ok(isLateAnswered, "the late answer came, after it had been given up");
  for (const call of ledger) {
    strictEqual(
      target.effects.get(call.id) ?? 0,
      call.status === "succeeded" ? 1 : 0,
      `${call.function}: one effect or none`,
    );
    strictEqual(
      target.attempts.get(call.id),
      call.attempts,
      `${call.function}: sent as often as written`,
    );
    ok((call.last_error === null) === (call.status === "succeeded"), `${call.function} says why`);
  }

  const [standing] = await sql`
    select in_progress::int, failed::int, last_failure from public.work_health where queue = 'function_calls'`;
  strictEqual(standing?.failed, 3);
  ok(standing?.last_failure);
  const health = await askHealth();
  strictEqual(health.status, "degraded");
  ok(
    health.troubles.includes("calls_failed") && health.troubles.includes("calls_lost"),
    health.troubles,
  );
  deepStrictEqual([health.work.calls.failed, health.work.calls.lost], [1, 2]);
});
