import { z } from "zod";
import type { Service } from "../_shared/access/authentication.ts";
import { toApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { forgetInScratchpad } from "./forget-in-scratchpad.ts";
import { removeObjects } from "./remove-objects.ts";

const body = z.strictObject({
  batch: z.int().min(1).max(20).default(3),
  /** Seconds after the first pass before which a request is not done. */
  settle_seconds: z.int().min(0).max(3600).default(60),
});

const queue = "erasure_requests";
/** Longer than a pass may take. */
const lease = "5 minutes";
/** Milliseconds for the transaction that erases: it reads the audit log from one end to the other. */
const patience = { query: 55_000 };

interface Claimed {
  id: number;
  workspace_id: string;
  claim_token: string;
  work: { user_id: string; scope: "account" | "workspace" };
}

interface Pass {
  sessions: string[];
  workspaces: string[];
  /** Seconds since the database forgot the person. */
  age: number;
}

async function erase({ database }: Services, claimed: Claimed): Promise<Pass> {
  const [pass] = await database.run(
    (sql) =>
      sql<Pass[]>`
        select leftovers -> 'sessions' as sessions, leftovers -> 'workspaces' as workspaces,
          extract(epoch from now() - erased_at)::float8 as age
        from private.erase_claimed(${claimed.id}, ${claimed.claim_token})`,
    patience,
  );
  if (!pass) throw new Error("erase_claimed returned no row");
  return pass;
}

/**
 * One pass over one request: objects, then the database, then Redis. All of it may be done again,
 * and what fails is tried again by the grammar's backoff.
 *
 * The first pass erases. What was on its way meanwhile (a heartbeat, a call of the database that had
 * left already) may put the person back into Redis; the pass after `settle` seconds finds it, and
 * only then the request is done.
 */
async function workOff(services: Services, claimed: Claimed, settle: number) {
  const { database } = services;
  const { id, claim_token } = claimed;
  const user = claimed.work.user_id;
  const workspace = claimed.work.scope === "workspace" ? claimed.workspace_id : null;
  await removeObjects(services, user, workspace);
  const [known] = await database.run((sql) =>
    sql<{ revision: number }[]>`
      select revision from private.permission_revisions where user_id = ${user}`
  );
  const { sessions, workspaces, age } = await erase(services, claimed);
  const revision = (known?.revision ?? 0) + 1;
  const streams = await database.run((sql) =>
    sql<{ id: string }[]>`select id from private.deleted_streams`
  );
  await forgetInScratchpad(services, {
    user,
    workspace,
    revision,
    sessions,
    workspaces,
    streams: streams.map((stream) => stream.id),
  });
  if (age < settle) {
    await database.run((sql) =>
      sql`
        select private.snooze_work(${queue}, ${claim_token}, array[${id}::bigint],
          now() + make_interval(secs => ${
        settle - age
      }), 'erased; looks again for what was on its way')`
    );
    return "erased";
  }
  await database.run((sql) =>
    sql`
      select private.complete_work(${queue}, ${claim_token}, array[${id}::bigint],
        '{"user_id": null, "email": null, "requested_by": null, "leftovers": null}')`
  );
  return "done";
}

async function giveBack({ database }: Services, { id, claim_token }: Claimed, error: unknown) {
  const known = toApiError(error);
  const cause = known.code === "internal" && known.cause instanceof Error
    ? known.cause.message
    : `${known.code}: ${known.message}`;
  log("warning", "an erasure could not be finished", { id, code: known.code });
  // A workspace without its owner does not heal by itself: somebody has to decide.
  const retry = known.code !== "last_owner";
  await database.run((sql) =>
    sql`
      select private.fail_work(${queue}, ${claim_token}, array[${id}::bigint], ${cause}, null, ${retry})`
  );
}

/** `POST /account/erasures/work`: works off what is due, and says what became of it. */
export async function workErasures(context: RequestContext, _caller: Service): Promise<Response> {
  const services = context.env;
  const { batch, settle_seconds } = await readBody(context.req.raw, body);
  const claims = await services.database.run((sql) =>
    sql<Claimed[]>`
      select id, workspace_id, claim_token, work
      from private.claim_work(${queue}, 'account', ${batch}, ${lease}::interval)`
  );
  const tally = { claimed: claims.length, erased: 0, done: 0, failed: 0 };
  for (const claimed of claims) {
    try {
      tally[await workOff(services, claimed, settle_seconds)]++;
    } catch (error) {
      tally.failed++;
      await giveBack(services, claimed, error);
    }
  }
  return answer(tally);
}
takes(workErasures, { body });
