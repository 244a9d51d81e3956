/**
 * The connection to Postgres, encrypted where the server offers it.
 *
 * The client's own way, `node:tls` over its socket, does not do on the platform's runtime (compatible
 * with Deno 2.1.4): there it calls a connection secure before its handshake, tells of a certificate
 * that it does not trust afterwards and too late for the client, which then waits for ever, and it
 * cannot be told to take one. `Deno.startTls` proves the certificate and the name before a word is
 * said.
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { log } from "./log.ts";

/** As libpq's `sslmode`; what `require` encrypts is proven here as with `verify-full`. */
export type TlsMode = "disable" | "prefer" | "require";

/** Where Postgres is, and how it is reached. */
export interface DatabaseAddress {
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** PEM certificates that sign the server's, besides those that the runtime knows. */
  readonly caCerts: string[];
}

const sslRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const yes = "S".charCodeAt(0);
const no = "N".charCodeAt(0);
const longestRead = 65_536;

/** The modes that a URL may name. */
const modes: Record<string, TlsMode> = {
  disable: "disable",
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  "verify-ca": "require",
  "verify-full": "require",
};

/** What a URL's `sslmode` asks for; null where it names none. Undefined where it is not a mode. */
export function readTlsMode(url: string): TlsMode | null | undefined {
  const named = new URL(url).searchParams.get("sslmode");
  return named === null ? null : modes[named];
}

function close(connection: Deno.Conn | undefined): void {
  try {
    connection?.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // it had ended by itself
  }
}

async function connectPlain({ hostname, port }: DatabaseAddress): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port });
  connection.setNoDelay();
  connection.setKeepAlive();
  return connection;
}

/** Asks whether the server speaks TLS. Its answer is one byte: nothing that follows it may be read yet. */
async function offersTls(connection: Deno.Conn): Promise<boolean> {
  await connection.write(sslRequest);
  const answer = new Uint8Array(1);
  await connection.read(answer);
  if (answer[0] !== yes && answer[0] !== no) {
    throw new Error("Postgres did not say whether it speaks TLS.");
  }
  return answer[0] === yes;
}

let hasWarned = false;

/** Who may go on in the clear does so where nothing else is left, and says so once. */
function warn(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  log(
    "warning",
    "Postgres has a certificate that is not trusted here, and is spoken to in the clear: set GROUNDWORK_DB_CA",
    { error },
  );
}

async function connect(address: DatabaseAddress): Promise<Deno.Conn> {
  const { hostname, tls, caCerts } = address;
  const plain = await connectPlain(address);
  if (tls === "disable") return plain;
  let connection: Deno.Conn = plain;
  try {
    if (await offersTls(plain)) {
      const secure = await Deno.startTls(plain, { hostname, caCerts });
      connection = secure;
      await secure.handshake();
      return secure;
    }
    if (tls === "prefer") return plain;
    throw new Error("Postgres does not speak TLS, and sslmode asks for it.");
  } catch (error) {
    close(connection);
    const isUntrusted = error instanceof Deno.errors.InvalidData;
    if (tls !== "prefer" || !isUntrusted) throw error;
    warn(error);
    return await connectPlain(address);
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** A socket as postgres-js takes one: what is written waits until it is connected. */
export function openDatabaseSocket(address: DatabaseAddress): Duplex {
  const opening = connect(address);
  let connection: Deno.Conn | undefined;
  const bytes = new Uint8Array(longestRead);

  const socket = new Duplex({
    allowHalfOpen: false,
    async read() {
      try {
        const count = await (await opening).read(bytes);
        socket.push(count === null ? null : Buffer.from(bytes.slice(0, count).buffer));
      } catch (error) {
        socket.destroy(error as Error);
      }
    },
    write(chunk: Uint8Array, _encoding, done) {
      opening.then((opened) => writeAll(opened, chunk)).then(() => done(), done);
    },
    final(done) {
      done();
      socket.destroy();
    },
    destroy(error, done) {
      close(connection);
      done(error);
    },
  });
  opening.then((opened) => {
    connection = opened;
    if (socket.destroyed) close(opened);
  }, (error) => socket.destroy(error));
  // By this the client sees whether there is anybody to say goodbye to.
  Object.defineProperty(socket, "readyState", {
    get: () => socket.destroyed ? "closed" : connection ? "open" : "opening",
  });
  return socket;
}
