/** What the AI SDK's `useChat` asks of a server: a turn, its answer again after a break, its end. */
import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { isUuid, readBody } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";
import { listen } from "./read-stream.ts";
import { stop } from "./stop-stream.ts";
import { showStream, type Stream } from "./stream-store.ts";
import { chunksOfUi } from "./ui-chunks.ts";

const message = z.looseObject({
  id: z.string().min(1).max(200),
  role: z.enum(["system", "user", "assistant"]),
  parts: z.array(z.looseObject({ type: z.string() })).min(1).max(1000),
  metadata: z.record(z.string(), z.json()).optional(),
});
/** Whatever else a product's transport sends is its own. */
const body = z.looseObject({
  id: z.string().max(200),
  // What is before the last two is on the client's screen only, and not looked at.
  messages: z.array(z.unknown()).min(1).max(10_000).optional(),
  message: message.optional(),
  trigger: z.enum(["submit-message", "regenerate-message"]).optional(),
  disconnect: z.enum(["resume", "stop"]).default("resume"),
});
const named = z.looseObject({ id: z.string().min(1).max(200) });

/** Bytes of a request's body: clients send what is on their screens. */
const longestBody = 4 * 1024 * 1024;

/** The message that is new, and the id of the one before it on the screen. */
function readLast(
  given: z.output<typeof body>,
): { last: z.output<typeof message>; before?: string } {
  const all = given.messages ?? (given.message ? [given.message] : []);
  const read = message.safeParse(all.at(-1));
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue && issue.path.length > 0 ? `.${issue.path.join(".")}` : "";
    throw new ApiError(
      400,
      "invalid_body",
      `messages[${Math.max(all.length - 1, 0)}]${where}: ${issue?.message ?? "is not a message"}`,
    );
  }
  const previous = named.safeParse(all.at(-2));
  return { last: read.data, ...(previous.success ? { before: previous.data.id } : {}) };
}

function readChatId(id: string | undefined): string {
  if (!id || !isUuid(id)) {
    throw new ApiError(404, "not_found", "The conversation was not found.", {
      hint: "The chat's id is the id of a conversation: useChat({ id }).",
    });
  }
  return id.toLowerCase();
}

/** An answer in the protocol of the AI SDK. */
async function say(
  services: Services,
  stream: Stream,
  caller: Person,
  onGone: () => void = () => {},
): Promise<Response> {
  const until = Math.min(services.lifetime.lastCall, caller.expiresAt);
  const face = chunksOfUi(stream);
  return new Response(await listen(services, stream, 0, until, face, { onGone }), {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      "x-vercel-ai-ui-message-stream": "v1",
      "x-accel-buffering": "no",
    },
  });
}

/**
 * `POST /streams/chat`: what `DefaultChatTransport` sends: `{id, messages, trigger}`. The last message
 * is stored (or what was answered to the calls of the last), the answer is asked for in the queue
 * `background_queries`, and heard here as it is said.
 *
 * A connection that ends does not end the answer, which is heard again at `GET`; with
 * `disconnect: "stop"` in the body it does, so that `stop()` of `useChat` is one.
 */
export async function sendToChat(context: RequestContext, caller: Person): Promise<Response> {
  const services = context.env;
  const given = await readBody(context.req.raw, body, longestBody);
  const conversation = readChatId(given.id);
  const { last, before } = readLast(given);
  const { id, role, parts, metadata } = last;
  const span = traceOf(context.req.raw);
  span?.set({ "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": conversation });
  const [stream] = await services.database.run((sql) =>
    sql<Stream[]>`
      select id, workspace_id, conversation_id, user_id, message_id, parent_id, status, error, client_id,
        stop_requested_at, chunks
      from (select set_config('groundwork.traceparent', ${
      span?.traceparent ?? ""
    }, true) as said) as trace
      -- Told first: what is asked in the background goes on with the trace.
      cross join lateral private.begin_turn(
        case when trace.said is not null then ${caller.userId}::uuid end, ${conversation},
        ${sql.json({ id, role, parts, ...(metadata ? { metadata } : {}) } as unknown as Json)},
        ${before ?? null}, ${given.trigger === "regenerate-message"})`
  );
  if (!stream) throw new Error("begin_turn returned no row");
  span?.set({ "groundwork.stream.id": stream.id });
  return await say(services, stream, caller, () => {
    if (given.disconnect === "stop") inBackground("a chat's stop", stop(services, stream.id));
  });
}
takes(sendToChat, { body });

async function findOpen(services: Services, caller: Person, id: string): Promise<Stream | null> {
  const [stream] = await services.database.run((sql) =>
    sql<Stream[]>`
      select stream.id, stream.workspace_id, stream.conversation_id, stream.user_id, stream.message_id,
        stream.parent_id,
        stream.status, stream.error, stream.client_id, stream.stop_requested_at, stream.chunks
      from public.conversations as talk
      left join public.streams as stream on stream.conversation_id = talk.id
        and stream.workspace_id = talk.workspace_id and stream.user_id = talk.user_id
        and stream.status = 'open'
      where talk.id = ${id} and talk.user_id = ${caller.userId} and talk.deleted_at is null
        and private.belongs_to(talk.user_id, talk.workspace_id)
      order by stream.stop_requested_at is not null, stream.created_at desc
      limit 1`
  );
  if (!stream) throw notFound("The conversation");
  return stream.id === null ? null : stream;
}

/**
 * `GET /streams/chat/:id/stream`: the answer that is being said in a conversation, from its
 * beginning; 204 when none is.
 */
export async function resumeChat(context: RequestContext, caller: Person): Promise<Response> {
  const stream = await findOpen(
    context.env,
    caller,
    readChatId(context.req.param("id")),
  );
  if (!stream || stream.stop_requested_at) return new Response(null, { status: 204 });
  return await say(context.env, stream, caller);
}

/** `POST /streams/chat/:id/stop`: ends the answer that is being said; 204 when none is. */
export async function stopChat(context: RequestContext, caller: Person): Promise<Response> {
  const stream = await findOpen(
    context.env,
    caller,
    readChatId(context.req.param("id")),
  );
  if (!stream) return new Response(null, { status: 204 });
  return answer(showStream(await stop(context.env, stream.id)));
}
