import { z } from "zod";
import { identifyFromUrl } from "../_shared/access/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { countedAs } from "../_shared/http/route.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";
import type { Services } from "../_shared/services.ts";
import { presenceScope, requireRoom } from "./presence.ts";
import { createRoomWatch, type RoomEvent, type RoomWatch } from "./room-watch.ts";

const query = z.strictObject({
  access_token: z.string().optional(),
  conversation: z.string().transform((text) => text.split(",")).pipe(z.array(uuid).max(20))
    .optional(),
});

/** Milliseconds. The platform ends a request that says nothing for 150 s. */
const keepAliveInterval = 15_000;
/** Milliseconds after which a stream ends by itself, however long the isolate goes on to live. */
const longestStream = 140_000;
/** Bytes that may wait for a slow reader. */
const longestBacklog = 256 * 1024;

const watches = new WeakMap<Services, RoomWatch>();

function watchOf(services: Services): RoomWatch {
  let watch = watches.get(services);
  if (!watch) {
    watch = createRoomWatch(services);
    watches.set(services, watch);
  }
  return watch;
}

/**
 * `GET /presence/:workspace/events`: server-sent events.
 *
 * First `here` with everyone (a guest: with themselves and the agents that they may use), then
 * `joined`, `changed`, `left`, and `typing` of the conversations named in `?conversation=` (up to 20, comma-separated):
 * who does not know a conversation is not told that it exists. Last `end` with a reason, after which a client that may
 * connects again: `renew` (after 140 s, when the isolate ends, and when the workspace has moved, where the next request
 * is told to), `token_expired`, `not_a_member`, `not_allowed` (an agent that may no longer), `too_slow`.
 */
export async function streamEvents(context: RequestContext): Promise<Response> {
  const request = context.req.raw;
  const workspace = uuidParameter(context.req.param("workspace"), "workspace");
  const { access_token, conversation } = readQuery(request, query);
  const { authenticator, lifetime: isolate, places, rateLimiter } = context.env;
  const caller = await identifyFromUrl(authenticator, request, access_token, presenceScope);
  if (caller.kind !== "service") rateLimiter.count(countedAs(caller), "read");
  /** What is not here may be in another cell. */
  const enter = () =>
    requireRoom(context.env, workspace, caller).catch(async (error) => {
      throw await places.instead(error, request, caller);
    });
  const sees = await enter();
  const conversations = new Set(conversation);
  const lifetime = caller.kind === "service"
    ? longestStream
    : Math.min(longestStream, caller.expiresAt - Date.now());
  const encoder = new TextEncoder();
  let stop = () => {};
  const over = Promise.withResolvers<void>();
  // The platform does not count a stream that goes on as a reason to keep the isolate.
  inBackground("a stream of presence", over.promise);

  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      const end = (reason: string) => {
        stop();
        send(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
        controller.close();
      };
      const tell = ({ event, data }: RoomEvent) => {
        if (event === "typing" && !conversations.has(data.conversation_id)) return;
        if ((controller.desiredSize ?? 0) < 0) return end("too_slow");
        send(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      };
      const keepAlive = setInterval(() => send(": still here\n\n"), keepAliveInterval);
      const lastTimer = setTimeout(
        () => end(lifetime < longestStream ? "token_expired" : "renew"),
        lifetime,
      );
      const forgetCall = isolate.onLastCall(() => end("renew"));
      let unlisten = () => {};
      stop = () => {
        unlisten();
        clearInterval(keepAlive);
        clearTimeout(lastTimer);
        forgetCall();
        over.resolve();
      };
      send("retry: 1000\n\n");
      const userId = caller.kind === "service" ? null : caller.userId;
      const check = caller.kind === "agent" ? enter : undefined;
      unlisten = watchOf(context.env).listen(workspace, {
        userId,
        sees,
        check,
        tell,
        end,
      });
    },
    cancel: () => stop(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: longestBacklog }));

  return new Response(stream, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
takes(streamEvents, { query });
