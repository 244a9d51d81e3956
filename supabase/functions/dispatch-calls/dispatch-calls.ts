import type { Database } from "../_shared/database.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext, requestId } from "../_shared/http/app.ts";
import { log } from "../_shared/log.ts";
import { type ClaimedDial, type Dialled, dialOnce } from "./dial.ts";
import { noAccount, readKeys } from "../_shared/platform-accounts.ts";
import { createVoiceProvider, NotLetIn } from "./voice-provider.ts";

/** Milliseconds: the database's call of this function waits for ten seconds. */
const wholeRun = 9000;
/** Dials claimed at once, and so asked for side by side. */
const batch = 8;
/** With less time left than a request or two may take, nothing more is claimed. */
const leastTime = 4500;

async function claim(database: Database, queue: string, worker: string): Promise<ClaimedDial[]> {
  return await database.run((sql) =>
    sql<ClaimedDial[]>`
      select id, workspace_id, claim_token, phone, assistant, call_key, provider_call_id,
        to_jsonb(started_at) #>> '{}' as started_at
      from private.claim_calls(${queue}, ${worker}, ${batch})`
  );
}

async function giveBack(
  database: Database,
  queue: string,
  dial: ClaimedDial,
  reason: string,
): Promise<void> {
  await database.run((sql) =>
    sql`select private.return_call(${queue}, ${dial.claim_token}, ${dial.id},
      now() + interval '5 minutes', ${reason}, ${dial.started_at !== null})`
  );
}

/**
 * `POST /dispatch-calls`: claims what is due in every business's queue of calls and has the provider
 * make the calls, for at most nine seconds. Answers how many came to what, and whether all that was
 * due was seen. 502 `provider_refuses_key` when the provider does not let us in: the dials wait.
 */
export async function dispatchCalls(context: RequestContext): Promise<Response> {
  const { environment, database } = context.env;
  if (environment.voice === null) {
    throw new ApiError(503, "not_configured", "GROUNDWORK_VOICE_KEY is not set.");
  }
  const endsAt = Date.now() + wholeRun;
  const { url } = environment.voice;
  const keyOf = await readKeys(database, environment.voice);
  const worker = `dispatch-calls ${requestId(context.req.raw)}`;
  const tally: Partial<Record<Dialled, number>> = {};
  let notLetIn: NotLetIn | null = null;

  async function work(queue: string, dial: ClaimedDial): Promise<void> {
    const key = keyOf(dial.workspace_id);
    if (key === null) {
      tally.waiting = (tally.waiting ?? 0) + 1;
      return await giveBack(database, queue, dial, noAccount);
    }
    try {
      const provider = createVoiceProvider({ url, key }, () => endsAt - Date.now());
      const became = await dialOnce(database, provider, queue, dial);
      tally[became] = (tally[became] ?? 0) + 1;
    } catch (error) {
      if (error instanceof NotLetIn) {
        notLetIn = error;
        await giveBack(database, queue, dial, error.message);
        return;
      }
      // Its lease ends, and the next run asks the provider before it dials.
      log("error", "a dial was left to its lease", { queue, dial_id: dial.id, error });
      tally.lost = (tally.lost ?? 0) + 1;
    }
  }

  const queues = await database.run((sql) =>
    sql<{ name: string }[]>`
      select name from private.work_queues where kind = 'dial_queue' order by random()`
  );
  let open = queues.map(({ name }) => name);
  while (open.length > 0 && !notLetIn && endsAt - Date.now() > leastTime) {
    for (const queue of [...open]) {
      if (notLetIn || endsAt - Date.now() <= leastTime) break;
      const dials = await claim(database, queue, worker);
      if (dials.length === 0) open = open.filter((name) => name !== queue);
      await Promise.all(dials.map((dial) => work(queue, dial)));
    }
  }
  if (notLetIn) {
    throw new ApiError(502, "provider_refuses_key", "The voice provider does not let us in.", {
      hint: "Check GROUNDWORK_VOICE_KEY.",
      cause: notLetIn,
    });
  }
  return answer({ ...tally, is_complete: open.length === 0 });
}
