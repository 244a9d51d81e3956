/**
 * Durable Streams: the open protocol, at `/streams/v1/stream/<path>`.
 *
 *   conversations/<id>/<name>   a conversation's: the service and its agent write, its owner reads too, and it goes
 * with it
 *   answers/<stream id>         an answer that is being said, to be read: the same chunks as at /streams/<id>
 *   <anything else>             the service's own
 *
 * Subscriptions (`__ds`) are not offered: what wakes workers here are the queues.
 */
import type { Agent, Person, Service } from "../../_shared/access/authentication.ts";
import { ApiError, notFound, toApiError } from "../../_shared/errors.ts";
import type { RequestContext } from "../../_shared/http/app.ts";
import { readBytes } from "../../_shared/input.ts";
import { bodyOf, events, gone, guards, headersOf, longPoll } from "./answers.ts";
import {
  checkJson,
  longestBody,
  offsetOf,
  pathOf,
  placeOf,
  readAppending,
  readCreation,
  readWanted,
} from "./requests.ts";
import { append, type Appended, create, read, remove, requireAccess } from "./store.ts";
import { holdReader } from "../read-stream.ts";
import { readScope, writeScope } from "../stream-store.ts";

type Handler<Caller> = (context: RequestContext, caller: Caller) => Promise<Response>;

/** Errors have the guards, too. */
function guarded<Caller>(handler: Handler<Caller>): Handler<Caller> {
  return async (context, caller) => {
    try {
      return await handler(context, caller);
    } catch (error) {
      const { status, code, message, hint, details, headers } = toApiError(error);
      throw new ApiError(status, code, message, {
        ...(hint === undefined ? {} : { hint }),
        ...(details === undefined ? {} : { details }),
        headers: { ...headers, ...guards },
        cause: error,
      });
    }
  };
}

function refuseAnswers(path: string): void {
  if (placeOf(path).kind !== "answer") return;
  throw new ApiError(405, "method_not_allowed", "An answer is written at /streams/:id/chunks.", {
    headers: { allow: "GET, HEAD" },
  });
}

const isJson = (type: unknown) => /^application\/json\s*(;|$)/i.test(String(type ?? ""));

async function putStream(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const path = pathOf(context);
  refuseAnswers(path);
  const wanted = readCreation(context.req.raw.headers);
  const bytes = await readBytes(context.req.raw, longestBody);
  const { conversation: conversation_id } = await requireAccess(
    context.env,
    path,
    caller,
    writeScope,
  );
  const isOfJson = isJson(wanted.content_type) ||
    typeof wanted.fork_from === "string" && wanted.content_type === undefined && bytes.length > 0 &&
      (await read(context.env, wanted.fork_from, null, false)).is_json;
  if (isOfJson && bytes.length > 0) checkJson(bytes);
  const made = await create(
    context.env,
    path,
    conversation_id ? { ...wanted, conversation_id } : wanted,
    bytes,
  );
  const { url } = context.env.environment;
  return new Response(null, {
    status: made.is_new ? 201 : 200,
    headers: {
      ...guards,
      "content-type": made.content_type,
      "stream-next-offset": offsetOf(made.tail),
      ...(made.is_closed ? { "stream-closed": "true" } : {}),
      ...(made.is_new
        ? { location: `${url}/functions/v1/streams/v1/stream/${encodeURI(path)}` }
        : {}),
    },
  });
}

/**
 * `PUT /streams/v1/stream/:path`: a stream of the protocol Durable Streams. 201 where it was made, 200 where it is
 * there as it is asked for.
 */
export const createDurable = guarded(putStream);

const refusals: Record<string, (appended: Appended) => ApiError> = {
  closed: ({ tail }) =>
    new ApiError(409, "stream_closed", "The stream is closed: nothing is said after it.", {
      headers: { "stream-closed": "true", "stream-next-offset": offsetOf(tail) },
    }),
  other_type: ({ content_type }) =>
    new ApiError(409, "stream_conflict", `The stream is of ${content_type}.`),
  seq_conflict: () =>
    new ApiError(409, "stream_conflict", "stream-seq: is not greater than the last one"),
  fenced: ({ epoch }) =>
    new ApiError(403, "producer_fenced", "A later epoch of this producer writes here.", {
      headers: { "producer-epoch": String(epoch) },
    }),
  bad_epoch: () =>
    new ApiError(400, "invalid_parameter", "producer-seq: begins with 0 in a new epoch"),
  gap: ({ expected, received }) =>
    new ApiError(409, "producer_gap", "Appends of this producer are missing.", {
      headers: {
        "producer-expected-seq": String(expected),
        "producer-received-seq": String(received),
      },
    }),
};

async function postToStream(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const path = pathOf(context);
  refuseAnswers(path);
  const wanted = readAppending(context.req.raw.headers);
  const bytes = await readBytes(context.req.raw, longestBody);
  await requireAccess(context.env, path, caller, writeScope);
  if (bytes.length === 0 && !wanted.is_closed) {
    throw new ApiError(400, "invalid_body", "The body is empty.");
  }
  if (bytes.length > 0 && wanted.content_type === undefined) {
    throw new ApiError(400, "invalid_parameter", "content-type: is needed");
  }
  if (bytes.length > 0 && isJson(wanted.content_type) && !checkJson(bytes)) {
    throw new ApiError(400, "invalid_body", "The list has no message.");
  }
  const appended = await append(context.env, path, wanted, bytes);
  if (appended.is_gone) throw gone();
  const refusal = refusals[appended.outcome ?? ""];
  if (refusal) throw refusal(appended);
  const isNew = appended.outcome === "appended" && wanted.producer_id !== undefined &&
    bytes.length > 0;
  return new Response(null, {
    status: isNew ? 200 : 204,
    headers: {
      ...guards,
      "stream-next-offset": offsetOf(appended.tail),
      ...(appended.is_closed ? { "stream-closed": "true" } : {}),
      ...(wanted.producer_id === undefined ? {} : {
        "producer-epoch": String(appended.epoch ?? wanted.epoch),
        "producer-seq": String(appended.producer_seq ?? wanted.producer_seq),
      }),
    },
  });
}

/** `POST /streams/v1/stream/:path`: appends, closes, or both. */
export const appendDurable = guarded(postToStream);

async function getStream(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const services = context.env;
  const request = context.req.raw;
  const path = pathOf(context);
  const isHead = request.method === "HEAD";
  const wanted = readWanted(request);
  const { workspace } = await requireAccess(services, path, caller, readScope);
  const isAhead = isHead || wanted.from === "now" || wanted.live !== null;
  const found = await read(services, path, isAhead ? null : wanted.from as number, !isHead);
  if (found.is_gone) throw gone();
  if (isHead) {
    return new Response(null, {
      headers: {
        ...headersOf(found, found.tail),
        "content-type": found.content_type,
        "cache-control": "no-store",
        ...(found.ttl === null ? {} : { "stream-ttl": String(found.ttl) }),
        ...(found.expires_at === null ? {} : { "stream-expires-at": found.expires_at }),
      },
    });
  }
  const check = () => requireAccess(services, path, caller, readScope);
  if (wanted.live !== null) {
    const reader = caller.kind === "service"
      ? null
      : caller.userId ?? (caller.kind === "agent" ? caller.agentId : null);
    const letGo = await holdReader(services, workspace, reader);
    const reading = { services, path, check };
    if (wanted.live === "sse") return events(reading, wanted, found, letGo);
    return await longPoll(reading, wanted, found).finally(letGo);
  }
  const headers = headersOf(found, found.next);
  if (wanted.from === "now") {
    return new Response(bodyOf(found), {
      headers: { ...headers, "content-type": found.content_type, "cache-control": "no-store" },
    });
  }
  const isEnd = headers["stream-closed"] === "true";
  const etag = `"${found.id}:${wanted.from}:${found.next}${isEnd ? ":c" : ""}"`;
  const known = request.headers.get("if-none-match");
  // What a person reads is theirs alone, whatever stands between.
  const kept = { etag, "cache-control": "private, max-age=60, stale-while-revalidate=300" };
  if (known === etag) return new Response(null, { status: 304, headers: { ...headers, ...kept } });
  return new Response(bodyOf(found), {
    headers: { ...headers, ...kept, "content-type": found.content_type },
  });
}

/** `GET /streams/v1/stream/:path`: what there is from an offset on, or what comes (`live`); `HEAD`: how far it is. */
export const readDurable = guarded(getStream);

async function deleteStream(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const path = pathOf(context);
  refuseAnswers(path);
  await requireAccess(context.env, path, caller, writeScope);
  const was = await remove(context.env, path);
  if (was === null) throw notFound("The stream");
  if (was === "gone") throw gone();
  return new Response(null, { status: 204, headers: guards });
}

/** `DELETE /streams/v1/stream/:path`: 204; where forks read it, it is hidden until the last of them is gone. */
export const removeDurable = guarded(deleteStream);
