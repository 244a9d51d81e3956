/** How a function that publishes answers: quickly, and loudly when it cannot. */
import { z } from "zod";
import { inBackground } from "../background.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { answer, type RequestContext } from "../http/app.ts";
import { readBody } from "../input.ts";
import { type Content, type PlatformOf, publishDue } from "./publishing.ts";

async function isAnyDue(database: Database, kind: string): Promise<boolean> {
  const [row] = await database.run((sql) =>
    sql<{ due: boolean }[]>`
      select coalesce(bool_or(h.due > 0), false) as due from private.work_health_rows() as h
      join private.work_queues as q on q.name = h.queue where q.kind = ${kind}`
  );
  return row?.due ?? false;
}

/** The body: it says nothing. */
export const nothing = z.strictObject({});

/**
 * `POST /`: publishes what is due. 200 with what was done; 202 when it takes longer than a caller
 * waits, and goes on in the background: the work itself keeps account of how it ends.
 *
 * @param readPlatforms null without a key: then 503 when something is due, so that the ledger says it
 * @param answerWithin milliseconds: the database's calls wait for ten seconds
 */
export async function answerPublishing<Item extends Content>(
  context: RequestContext,
  kind: string,
  readPlatforms: (() => Promise<PlatformOf<Item>>) | null,
  secrets: string,
  answerWithin = 8000,
): Promise<Response> {
  await readBody(context.req.raw, nothing);
  const { database } = context.env;
  if (!readPlatforms) {
    if (await isAnyDue(database, kind)) {
      throw new ApiError(503, "unavailable", `Something is due, but ${secrets} is not set.`);
    }
    return answer({ published: 0, found: 0, retrying: 0, failed: 0, lost: 0 });
  }
  const run = publishDue(database, kind, await readPlatforms());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), answerWithin);
  });
  try {
    const tally = await Promise.race([run, patience]);
    if (tally) return answer(tally);
  } finally {
    clearTimeout(timer);
  }
  inBackground("publishing", run);
  return answer({ status: "publishing" }, 202);
}
