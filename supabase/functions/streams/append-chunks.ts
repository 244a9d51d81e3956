import { z } from "zod";
import type { Agent, Service } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuidParameter } from "../_shared/input.ts";
import { chunksOf, openLifetime, requireStream, stopOf, writeScope } from "./stream-store.ts";

const body = z.strictObject({
  from: z.int().min(0).max(1_000_000),
  chunks: z.array(z.string().max(16_384)).min(1).max(500),
});

/** Bytes of a request's body. */
const longestBody = 1024 * 1024;

/** The stream has ended: nothing is said after it. */
export function streamEnded(): ApiError {
  return new ApiError(409, "stream_ended", "The stream has ended.");
}

/**
 * `POST /streams/:id/chunks`: adds to what was said. `from` is the number of the first chunk, from 0;
 * chunks that are there already are passed over, so that a request may be sent again.
 *
 * 200 `{next}`, and `stop: true` where the reader has asked for the end: finish with what was said. 409 `stream_gap`
 * when chunks before `from` are missing (the fast memory has lost them): the hint is the number to begin with again.
 * Writers therefore keep their chunks until the end.
 */
export async function appendChunks(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const { from, chunks } = await readBody(context.req.raw, body, longestBody);
  const stream = await requireStream(context.env, id, caller, writeScope);
  if (stream.status !== "open") throw streamEnded();
  const { scratchpad } = context.env;
  // Both know of a stop: the fast memory at once, the row for when that was lost.
  const [{ next, isGap }, stop] = await Promise.all([
    scratchpad.use((pad) => pad.append(chunksOf(id), from, chunks, openLifetime)),
    stream.stop_requested_at ? true : scratchpad.use((pad) => pad.get(stopOf(id))),
  ]);
  if (isGap) {
    throw new ApiError(409, "stream_gap", `Chunks before number ${from} are missing.`, {
      hint: String(next),
    });
  }
  return answer(stop ? { next, stop: true } : { next });
}
takes(appendChunks, { body });
