/**
 * Follows the log of a Postgres whose `wal_level` is `logical`, through a slot that lasts as long as
 * its connection.
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import postgres from "postgres";
import { createReader, type LoggedChange } from "./pgoutput.ts";

/** How to follow. */
export interface LogOptions {
  adminUrl: string;
  publication: string;
  /** Hears every change, in the order of the commits; the log waits for it. */
  onChange: (change: LoggedChange) => Promise<void> | void;
  /**
   * Each time that the log is followed anew: from here on nothing is missed, what was before is not repeated. Changes
   * wait until this is done: what was missed comes before them.
   */
  onFollowing: () => Promise<void> | void;
  /** Told when the log is lost, before it is tried again. */
  onLost: (reason: string) => void;
}

/** The log that is being followed. */
export interface FollowedLog {
  stop(): Promise<void>;
}

/** How long to wait before trying again, in milliseconds. */
const pause = 500;
/** How often the server hears how far we are, so that it can let go of its log, in milliseconds. */
const acknowledgeEvery = 5_000;

/** Follows until it is stopped; resolves when it follows for the first time. @throws when that is not possible */
export async function followLog(options: LogOptions): Promise<FollowedLog> {
  let isStopped = false;
  let current = await open(options);
  const ended = (async () => {
    while (!isStopped) {
      const reason = await current.ended;
      if (isStopped) return;
      options.onLost(reason);
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (isStopped) return;
        const next = await open(options).catch(() => null);
        if (next) {
          current = next;
          break;
        }
      }
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await current.close();
      await ended;
    },
  };
}

async function open({ adminUrl, publication, onChange, onFollowing }: LogOptions) {
  const ended = Promise.withResolvers<string>();
  // The type of `connection` knows settings only; `replication` is a parameter of the protocol's start.
  const connection: Record<string, string> = {
    application_name: "groundwork-realtime",
    replication: "database",
  };
  const sql = postgres(adminUrl, {
    ...{ connection, max: 1, fetch_types: false, idle_timeout: 0, max_lifetime: null },
    onnotice: () => {},
    onclose: () => ended.resolve("the connection was closed"),
  });
  const { promise: isReady, resolve: begin } = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    const slot = `groundwork_realtime_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
    // The commands of replication are only known in capitals.
    await sql.unsafe(
      `CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
    );
    const stream = await sql.unsafe(
      `START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names '${publication}')`,
    ).writable() as Duplex; // both ways: what the server copies to us, and how far we are
    timer = follow(stream, (change) => isReady.then(() => onChange(change)), ended.resolve);
    await onFollowing();
    begin();
    const close = async () => {
      clearInterval(timer);
      stream.destroy();
      await sql.end({ timeout: 0 });
    };
    ended.promise.then(close, close);
    return {
      ended: ended.promise,
      async close() {
        ended.resolve("stopped");
        await close();
      },
    };
  } catch (error) {
    clearInterval(timer);
    await sql.end({ timeout: 0 });
    throw error;
  }
}

/** Hands change by change on, one at a time; meanwhile the stream, and with it the server, waits. */
function follow(
  stream: Duplex,
  onChange: (change: LoggedChange) => Promise<void>,
  end: (reason: string) => void,
) {
  const read = createReader();
  const waiting: Buffer[] = [];
  let isWorking = false;
  let done = 0n;

  function acknowledge() {
    const status = Buffer.alloc(34);
    status[0] = 0x72; // r
    for (const offset of [1, 9, 17]) status.writeBigUInt64BE(done, offset);
    status.writeBigInt64BE(BigInt(Date.now() - Date.UTC(2000, 0, 1)) * 1000n, 25);
    if (!stream.destroyed) stream.write(status);
  }

  async function work() {
    if (isWorking) return;
    isWorking = true;
    try {
      for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
        if (chunk[0] === 0x77) { // w: a piece of the log
          const change = read(chunk.subarray(25));
          if (change) await onChange(change);
          if (chunk[25] === 0x43) done = chunk.readBigUInt64BE(25 + 10); // C: the end of a commit
        } else if (chunk[0] === 0x6b) { // k: the server asks whether we live
          const sent = chunk.readBigUInt64BE(1);
          if (sent > done) done = sent;
          if (chunk[17] === 1) acknowledge();
        }
      }
    } catch (error) {
      end(`a change could not be handled: ${error}`);
    }
    isWorking = false;
    stream.resume();
  }

  stream.on("data", (chunk: Buffer) => {
    waiting.push(chunk);
    if (waiting.length > 100) stream.pause();
    work();
  });
  stream.on("error", (error: Error) => end(error.message));
  stream.on("close", () => end("the stream was closed"));
  return setInterval(acknowledge, acknowledgeEvery);
}
