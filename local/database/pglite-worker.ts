/**
 * The embedded database, in a thread of its own: PGlite answers synchronously, and whoever waits for a query must not
 * keep the API and the functions from answering. Speaks to its parent in {@link WorkerRequest} and {@link
 * WorkerReport}, to everyone else over TCP.
 */
/// <reference lib="deno.worker" />
import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { ltree } from "@electric-sql/pglite/contrib/ltree";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { pgcrypto } from "@electric-sql/pglite/contrib/pgcrypto";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { pgtap } from "@electric-sql/pglite/pgtap";
import { vector } from "@electric-sql/pglite/vector";
import { exists, writeWhole } from "../cache.ts";
import { listenOn, PortTakenError } from "../ports.ts";
import { shareSession } from "./session.ts";

/** PGlite's two programs, compiled. Threads that are given the same share what is compiled of them. */
export interface Programs {
  pgliteWasmModule: WebAssembly.Module;
  initdbWasmModule: WebAssembly.Module;
}

/** From the parent: begin, or end. */
export type WorkerRequest =
  | {
    kind: "start";
    dataDir: string | null;
    template: string;
    scripts: string[];
    migrations: string;
    bundles: Record<string, string>;
    programs: Programs;
    port: number;
  }
  | { kind: "stop" };

/** To the parent. */
export type WorkerReport =
  | { kind: "started"; port: number }
  | { kind: "failed"; reason: string; isPortTaken: boolean }
  | { kind: "crashed"; reason: string }
  | { kind: "ended"; reason: string }
  | { kind: "stopped" };

let db: PGlite | undefined;
let listener: Deno.TcpListener | undefined;
const connections = new Set<Deno.TcpConn>();

const report = (message: WorkerReport) => self.postMessage(message);

/**
 * Postgres clears its buffers when it starts: 128 MB by default, which takes longer than all the rest of a start. The
 * database's files are in memory or in the system's cache anyway.
 */
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=32MB"];

/** Copies that are kept: each change of a migration makes another. */
const mostTemplates = 4;

/**
 * Opens the database. A new one begins as a copy of the template, which has the platform's roles and schemas and the
 * migrations already: making one takes ten seconds, copying one less than two.
 */
async function open(
  options: PGliteOptions,
  { template, scripts, migrations }: Extract<WorkerRequest, { kind: "start" }>,
): Promise<PGlite> {
  const isNew = !options.dataDir || !(await exists(`${options.dataDir}/PG_VERSION`));
  if (!isNew) return PGlite.create(options);
  if (await exists(template)) {
    const loadDataDir = asFile(await readAll(template));
    return PGlite.create({ ...options, loadDataDir });
  }
  const fresh = await PGlite.create(options);
  for (const script of scripts) await fresh.exec(script);
  try {
    await fresh.exec(migrations);
  } catch {
    // Whoever migrates next meets the same error, and can say which file and line it is.
    await fresh.exec("rollback");
    return fresh;
  }
  const dump = await fresh.dumpDataDir("none");
  await writeWhole(template, new Uint8Array(await dump.arrayBuffer()));
  await removeOldTemplates(template.slice(0, template.lastIndexOf("/")));
  return fresh;
}

/**
 * Bytes as the file that PGlite takes. A Blob would copy them when it is made and once more when it is read, which are
 * 40 MB of new memory each: half a second.
 */
function asFile(bytes: Uint8Array<ArrayBuffer>): File {
  return Object.assign(new File([], "database.tar", { type: "application/x-tar" }), {
    arrayBuffer: () => Promise.resolve(bytes.buffer),
  });
}

/** Reads a file into memory of exactly its size. `Deno.readFile` has it grow, and copies it as often. */
async function readAll(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array((await file.stat()).size);
  for (let at = 0; at < bytes.length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) throw new Error(`${path} ended before its size`);
    at += read;
  }
  return bytes;
}

async function removeOldTemplates(folder: string): Promise<void> {
  const templates: { path: string; time: number }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!/^database-[0-9a-f]+\.tar$/.test(name)) continue;
    const path = `${folder}/${name}`;
    const { mtime } = await Deno.stat(path);
    templates.push({ path, time: mtime?.getTime() ?? 0 });
  }
  for (const { path } of templates.sort((a, b) => b.time - a.time).slice(mostTemplates)) {
    // Another process may have done it.
    await Deno.remove(path).catch(() => {});
  }
}

async function start(request: Extract<WorkerRequest, { kind: "start" }>) {
  const own = Object.entries(request.bundles).map(([name, url]) => [name, {
    name,
    setup: (_pg: unknown, emscriptenOpts: unknown) =>
      Promise.resolve({ emscriptenOpts, bundlePath: new URL(url) }),
  }]);
  const { port } = request;
  const listen = () => Deno.listen({ hostname: "127.0.0.1", port });
  listener = await listenOn(port, "the database", listen);
  const pg = db = await open(
    {
      ...(request.dataDir ? { dataDir: request.dataDir } : {}),
      startParams,
      ...request.programs,
      extensions: {
        ltree,
        pg_trgm,
        pgcrypto,
        uuid_ossp,
        pgtap,
        vector,
        ...Object.fromEntries(own),
      },
    },
    request,
  );
  const version = await pg.query<{ server_version: string }>("show server_version");
  const session = shareSession({
    execute: (bytes) => pg.execProtocolRawSync(bytes),
    serverParameters: {
      server_version: version.rows[0]?.server_version ?? "17",
      server_encoding: "UTF8",
      client_encoding: "UTF8",
      DateStyle: "ISO, MDY",
      IntervalStyle: "postgres",
      TimeZone: "UTC",
      integer_datetimes: "on",
      standard_conforming_strings: "on",
      is_superuser: "on",
      session_authorization: "postgres",
    },
    onEnded: (reason) => report({ kind: "ended", reason }),
    onCrash: (error) => report({ kind: "crashed", reason: String(error) }),
  });
  report({ kind: "started", port: listener.addr.port });
  for await (const connection of listener) serve(connection, session);
}

/** Serves one client until its socket closes. */
async function serve(connection: Deno.TcpConn, session: ReturnType<typeof shareSession>) {
  connections.add(connection);
  connection.setNoDelay(true);
  const outbox: Uint8Array[] = [];
  let isWriting = false;
  let isClosing = false;
  const close = () => {
    if (connections.delete(connection)) connection.close();
  };
  async function write() {
    if (isWriting) return;
    isWriting = true;
    try {
      for (let bytes = outbox.shift(); bytes; bytes = outbox.shift()) {
        for (let sent = 0; sent < bytes.length;) {
          sent += await connection.write(bytes.subarray(sent));
        }
      }
    } catch {
      // The client has gone away; the reading side notices as well and ends the session's client.
      outbox.length = 0;
    }
    isWriting = false;
    if (isClosing) close();
  }
  const client = session.connect((bytes) => {
    outbox.push(bytes);
    write();
  }, () => {
    isClosing = true;
    if (!isWriting) close();
  });
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (
      let read = await connection.read(buffer);
      read !== null;
      read = await connection.read(buffer)
    ) {
      client.receive(buffer.slice(0, read));
    }
  } catch {
    // Reset by the client, or closed by us: both end here.
  }
  client.end();
}

async function stop() {
  listener?.close();
  for (const connection of [...connections]) connection.close();
  connections.clear();
  await db?.close();
  report({ kind: "stopped" });
  self.close();
}

self.onmessage = ({ data }: MessageEvent<WorkerRequest>) => {
  if (data.kind === "stop") {
    stop();
    return;
  }
  start(data).catch((error) => {
    // A closed listener ends the accepting loop in an orderly way.
    if (error instanceof Deno.errors.BadResource) return;
    report({ kind: "failed", reason: String(error), isPortTaken: error instanceof PortTakenError });
  });
};
