import { z } from "zod";
import type { Agent, Person, Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import {
  findStream,
  forgetStream,
  openLifetime,
  requireStream,
  showStream,
  stopOf,
  type Stream,
  writeScope,
} from "./stream-store.ts";

/** Seconds that a writer may wait for a stop, and milliseconds between two looks. */
const longestWait = 25;
const pause = 500;
const query = z.strictObject({
  wait: z.coerce.number().int().min(0).max(longestWait).default(longestWait),
});

/** Asks for the end of a stream: Postgres first, which does not forget it. */
export async function stop(services: Services, id: string): Promise<Stream> {
  const [stream] = await services.database.run((sql) =>
    sql<Stream[]>`
      select id, conversation_id, user_id, message_id, parent_id, status, error, client_id,
        stop_requested_at
      from private.stop_stream(${id})`
  );
  if (!stream) throw new Error("stop_stream returned no row");
  forgetStream(services, id);
  try {
    await services.scratchpad.use((pad) => pad.set(stopOf(id), true, openLifetime));
  } catch (error) {
    log("warning", "a stop is in Postgres only", { cause: error, stream_id: id });
  }
  return stream;
}

/**
 * `POST /streams/:id/stop`: its reader has heard enough. The writer hears it with its next chunk, or
 * where it waits for it (`GET`), and finishes with what was said; a stream whose writer does not
 * is ended after ten minutes. One that has ended is answered as it is.
 */
export async function stopStream(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  await requireStream(context.env, id, caller, writeScope, true);
  return answer(showStream(await stop(context.env, id)));
}

/**
 * `GET /streams/:id/stop`: a writer that is thinking and says nothing waits here. 200 `{stop: true}`
 * when the end was asked for or has come; 204 after `?wait=` seconds, 25 unless it says less.
 */
export async function awaitStop(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const services = context.env;
  const id = uuidParameter(context.req.param("id"), "id");
  const { wait } = readQuery(context.req.raw, query);
  const until = Math.min(Date.now() + wait * 1000, services.lifetime.lastCall);
  let stream = await requireStream(services, id, caller, writeScope, true);
  for (let look = 1;; look++) {
    if (stream.stop_requested_at || stream.status !== "open") return answer({ stop: true });
    if (Date.now() >= until) return new Response(null, { status: 204 });
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (await services.scratchpad.use((pad) => pad.get(stopOf(id)))) return answer({ stop: true });
    // The fast memory may have lost it, and tells of no end.
    if (look % 4 === 0) stream = await findStream(services, id) ?? { ...stream, status: "failed" };
  }
}
takes(awaitStop, { query });
