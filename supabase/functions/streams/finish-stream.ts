import { z } from "zod";
import type { Agent, Service } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";
import {
  chunksOf,
  endedLifetime,
  type Ending,
  endOf,
  forgetStream,
  openLifetime,
  requireStream,
  showStream,
  type Stream,
  unknownTotal,
  writeScope,
} from "./stream-store.ts";

const part = z.looseObject({
  type: z.string().regex(/^[^\n]{1,100}$/u, { error: "has 1 to 100 characters in one line" }),
});
const body = z.strictObject({
  message: z.strictObject({
    parts: z.array(part).min(1).max(1000),
    metadata: z.record(z.string(), z.json()).optional(),
    token_count: z.int().min(0).max(10_000_000).optional(),
  }).optional(),
  error: z.string().min(1).max(2000).optional(),
  chunks: z.int().min(0).max(1_000_000).optional(),
}).refine((given) => given.message !== undefined || given.error !== undefined, {
  path: ["message"],
  error: "or an error is needed: what came of it?",
});

/** Bytes of a request's body: a message's parts are at most 1 MiB. */
const longestBody = 1_200_000;

const described = z.object({
  context_record_id: z.union([z.int(), z.string().regex(/^\d{1,19}$/)]).optional().catch(undefined),
  model: z.string().regex(/^[\w.:/@-]{1,100}$/).optional().catch(undefined),
});

/** Of a message's metadata: the record of its prompt, never the prompt, and the model's name. */
function describeMetadata(metadata: unknown) {
  const { data } = described.safeParse(metadata);
  return {
    "groundwork.prompt.record_id": data?.context_record_id,
    "gen_ai.response.model": data?.model,
  };
}

/**
 * `POST /streams/:id/finish`: the answer is complete, or broke off (`error`). The message is in
 * Postgres before readers are told of the end. Said again, the first end is answered. `chunks`: how
 * many were said; by it readers are told apart from whom the fast memory has lost some at the last.
 */
export async function finishStream(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const services = context.env;
  const id = uuidParameter(context.req.param("id"), "id");
  const { message, error, chunks } = await readBody(context.req.raw, body, longestBody);
  if (caller.kind === "agent" && message?.token_count !== undefined) {
    throw new ApiError(400, "invalid_body", "message.token_count: is for the service only");
  }
  await requireStream(services, id, caller, writeScope, true);
  const total = chunks ?? await countChunks(services, id);
  const [stream] = await services.database.run((sql) =>
    sql<Stream[]>`
      select id, conversation_id, user_id, message_id, parent_id, status, error, client_id,
        stop_requested_at, chunks
      from private.finish_stream(
        ${id}, ${message ? sql.json(message.parts as unknown as Json) : null},
        ${message?.metadata ? sql.json(message.metadata as Json) : null},
        ${message?.token_count ?? null}, ${error ?? null}, ${total})`
  );
  if (!stream) throw new Error("finish_stream returned no row");
  traceOf(context.req.raw)?.set({
    "gen_ai.operation.name": "chat",
    "gen_ai.conversation.id": stream.conversation_id,
    "gen_ai.response.id": stream.message_id,
    "gen_ai.usage.output_tokens": message?.token_count,
    "groundwork.stream.id": id,
    "groundwork.stream.status": stream.status,
    ...describeMetadata(message?.metadata),
  });
  forgetStream(services, id);
  await tellTheEnd(services, stream, message !== undefined);
  return answer(showStream(stream));
}
takes(finishStream, { body });

/** How many chunks the fast memory has; null where it cannot be asked. */
async function countChunks({ scratchpad }: Services, id: string): Promise<number | null> {
  try {
    const { next } = await scratchpad.use((pad) => pad.append(chunksOf(id), 0, [], openLifetime));
    return next;
  } catch (error) {
    log("warning", "a stream's chunks were not counted", { cause: error, stream_id: id });
    return null;
  }
}

/** Readers look into Postgres as well: an end that the fast memory did not take is only told later. */
async function tellTheEnd(
  { scratchpad }: Services,
  stream: Stream,
  hasMessage: boolean,
): Promise<void> {
  try {
    await scratchpad.use(async (pad) => {
      await pad.expireChunks(chunksOf(stream.id), endedLifetime);
      const told: Ending = {
        status: stream.status === "open" ? "finished" : stream.status,
        message_id: hasMessage ? stream.message_id : null,
        error: stream.error,
        total: stream.chunks ?? unknownTotal,
      };
      await pad.set(endOf(stream.id), told, endedLifetime);
    });
  } catch (error) {
    log("warning", "a stream's end is in Postgres only", { cause: error, stream_id: stream.id });
  }
}
