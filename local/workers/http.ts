/** Sends what the database has queued with `net.http_*` and writes the answers, as pg_net's background worker does. */
import type postgres from "postgres";

/** A worker that runs until it is stopped. */
export interface Worker {
  stop(): Promise<void>;
}

interface QueuedRequest {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string> | null;
  body: Uint8Array<ArrayBuffer> | null;
  timeout_milliseconds: number;
}

/** Answers are kept this long, as by pg_net. */
const answersKept = "6 hours";
/** Requests taken from the queue at once, as by pg_net. */
const batchSize = 200;

/**
 * Starts the worker. It is woken by the extension's own notification, which arrives when the transaction that queued a
 * request commits, so that calls leave at once. `onError` hears what goes wrong outside of the requests themselves.
 */
export async function startHttpWorker(
  sql: postgres.Sql,
  onError: (error: unknown) => void,
): Promise<Worker> {
  const ending = new AbortController();
  const underway = new Set<Promise<void>>();
  let draining: Promise<void> | null = null;
  let isWoken = false;

  async function send(request: QueuedRequest) {
    const timeout = AbortSignal.timeout(request.timeout_milliseconds);
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: request.headers ?? {},
        body: request.body,
        signal: AbortSignal.any([timeout, ending.signal]),
      });
      const content = await response.text();
      const headers = JSON.stringify(Object.fromEntries(response.headers));
      await sql`
        insert into net._http_response (id, status_code, content_type, headers, content, timed_out)
        values (${request.id}, ${response.status}, ${
        response.headers.get("content-type")
      }, ${headers}::text::jsonb, ${content}, false)
      `;
    } catch (error) {
      if (ending.signal.aborted) return;
      const reason = timeout.aborted
        ? `Timeout of ${request.timeout_milliseconds} ms reached`
        : error instanceof Error
        ? error.message
        : String(error);
      await sql`
        insert into net._http_response (id, timed_out, error_msg) values (${request.id}, ${timeout.aborted}, ${reason})
      `;
    }
  }

  async function drain() {
    do {
      isWoken = false;
      const requests = await sql<QueuedRequest[]>`
        delete from net.http_request_queue
        where id in (select id from net.http_request_queue order by id limit ${batchSize} for update skip locked)
        returning id, method, url, headers, body, timeout_milliseconds
      `;
      for (const request of requests) {
        const sending = send(request).catch(onError).finally(() => underway.delete(sending));
        underway.add(sending);
      }
      isWoken ||= requests.length === batchSize;
    } while (isWoken && !ending.signal.aborted);
    await sql`delete from net._http_response where created < now() - ${answersKept}::interval`;
  }

  function wake() {
    isWoken = true;
    draining ??= drain().catch((error) => {
      // The extension comes with a migration; until then there is nothing to send.
      if (!ending.signal.aborted && !isMissingTable(error)) onError(error);
    }).finally(() => {
      draining = null;
      if (isWoken && !ending.signal.aborted) wake();
    });
    isWoken = true;
  }

  const listening = await sql.listen("net_wake", wake, wake);
  return {
    async stop() {
      ending.abort();
      await listening.unlisten();
      await draining;
      await Promise.all(underway);
    },
  };
}

function isMissingTable(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "42P01" || error.code === "3F000");
}
