/**
 * Lets many clients use one Postgres session in turns, the way a pooler in transaction mode does: a client has the
 * session to itself from its first message until the server says that it is idle outside of a transaction.
 *
 * PGlite has exactly one session. Its own socket server hands it over after every single message, so that one client's
 * `Bind` can meet another's `Parse`, and one client's query can land in another's transaction. Here that cannot happen.
 * Besides, each client keeps its own settings (`set …`), prepared statements and `listen`.
 */
import { setImmediate } from "node:timers";
import { channelOf, noBelongings, noteChannels, refuse, sqlOf } from "./apart.ts";
import type { Client, SessionClient, SessionOptions } from "./clients.ts";
import { keepPreparedApart } from "./prepared.ts";
import { quote, resetSession, startupSettings } from "./settings.ts";
import {
  concat,
  errorResponse,
  type Message,
  message,
  prefixStatement,
  readStartup,
  readText,
  readyForQuery,
  splitMessages,
  startupAnswer,
  text,
} from "./wire.ts";

/**
 * How long a client may keep the session in an open transaction without saying anything while others wait, in
 * milliseconds.
 */
const idleInTransactionLimit = 10_000;

/** Opens a shared session. */
export function shareSession(
  { execute, serverParameters, onCrash, onEnded, idleLimit = idleInTransactionLimit }:
    SessionOptions,
): {
  connect(send: (bytes: Uint8Array) => void, close: () => void): SessionClient;
} {
  const clients = new Set<Client>();
  let nextId = 1;
  let owner: Client | null = null;
  let status = "I";
  // Whose settings the session has, and whether it has any that differ from a new connection's.
  let settledFor: Client | null = null;
  let isDirty = true;
  let isScheduled = false;
  const prepared = keepPreparedApart(run, runSql);
  const { pack: packPrepared, unpack: unpackPrepared } = prepared;
  let idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Who is gone, and has left something in the session. */
  const gone: Client[] = [];

  function run(bytes: Uint8Array): Message[] {
    try {
      return splitMessages(execute(bytes)).messages;
    } catch (error) {
      onCrash(error);
      throw error;
    }
  }

  /** Runs SQL of our own; returns the error message, if there was one. */
  function runSql(sql: string): Uint8Array | undefined {
    return run(message("Q", text(sql))).find((answer) => answer.type === "E")?.bytes;
  }

  function schedule() {
    if (isScheduled) return;
    isScheduled = true;
    // A macrotask, so that sockets are read between two turns.
    setImmediate(() => {
      isScheduled = false;
      takeTurn();
    });
  }

  /**
   * The next complete piece of work of a client: one simple query, or extended-protocol messages up to their Sync (or
   * all so far).
   */
  function nextUnit(client: Client): { messages: Message[]; isComplete: boolean } {
    const end = client.inbox.findIndex(({ type }) => type === "Q" || type === "S" || type === "F");
    const messages = client.inbox.splice(0, end < 0 ? client.inbox.length : end + 1);
    return { messages, isComplete: end >= 0 };
  }

  function takeTurn() {
    if (!owner) { for (const client of gone.splice(0)) tidyAfter(client); }
    const client = owner ?? [...clients].find(({ inbox }) => inbox.length > 0);
    if (!client || client.inbox.length === 0) {
      watchIdleOwner();
      return;
    }
    stopWatching();
    // Last in the order of turns from now on.
    clients.delete(client);
    clients.add(client);
    owner = client;
    const refusal = settle(client);
    if (refusal) {
      client.send(refusal);
      drop(client);
    } else {
      const unit = nextUnit(client);
      const hasEnded = runUnit(client, unit.messages, unit.isComplete);
      if (hasEnded && status === "I") owner = null;
    }
    schedule();
  }

  /** Gives the session the client's settings. Returns an error message when that is impossible. */
  function settle(client: Client): Uint8Array | undefined {
    if (settledFor === client) return undefined;
    packPrepared(settledFor?.belongings ?? null);
    if (isDirty) runSql(resetSession);
    settledFor = client;
    isDirty = client.settings.length > 0;
    const refusal = isDirty ? runSql(client.settings.join("; ")) : undefined;
    unpackPrepared(client.belongings);
    return refusal;
  }

  /** Runs one unit and sends the answer. Returns whether the server has said that it is ready. */
  function runUnit(client: Client, messages: Message[], isComplete: boolean): boolean {
    const refusal = messages.map((part) => refuse(part, status !== "I")).find((reason) =>
      reason !== undefined
    );
    if (refusal) {
      client.send(errorResponse("0A000", refusal));
      if (isComplete) client.send(readyForQuery(status));
      // The rest of the unit is skipped up to its Sync, as a server does after an error.
      return isComplete;
    }
    for (const { type, bytes } of messages) {
      if (type === "P" && bytes[5] !== 0) client.statements.add(readText(bytes, 5));
    }
    const prefix = `c${client.id}_`;
    const answers = run(concat(messages.map((part) => prefixStatement(part, prefix).bytes)));
    const output: Uint8Array[] = [];
    let ready: Uint8Array | undefined;
    const tags: string[] = [];
    for (const answer of answers) {
      if (answer.type === "Z") {
        // PGlite says "ready" after an error and again at the Sync: only the last one of a complete unit is for the
        // client.
        ready = answer.bytes;
        status = String.fromCharCode(answer.bytes[5] ?? 0x49);
      } else if (answer.type === "A") notify(answer.bytes);
      else {
        output.push(answer.bytes);
        if (answer.type === "C") tags.push(readText(answer.bytes, 5));
      }
    }
    remember(client, messages, tags);
    if (isComplete) output.push(ready ?? readyForQuery(status));
    if (output.length > 0) client.send(concat(output));
    return isComplete;
  }

  /** Keeps what a client has set, so that it finds it again after others had their turn. */
  function remember(client: Client, messages: Message[], tags: string[]) {
    noteChannels(client.belongings, messages, tags);
    if (tags.includes("UNLISTEN")) listenForAll();
    prepared.note(tags);
    const changes = tags.filter((tag) => tag === "SET" || tag === "RESET");
    if (changes.length === 0) return;
    isDirty = true;
    // `set local` has the same tag: inside a transaction nothing is kept.
    if (status !== "I" || changes.length !== tags.length) return;
    for (const { type, bytes } of messages) {
      const sql = sqlOf({ type, bytes });
      if (sql) client.settings.push(sql);
    }
  }

  function notify(bytes: Uint8Array) {
    const channel = channelOf(bytes);
    for (const { belongings, send } of clients) if (belongings.channels.has(channel)) send(bytes);
  }

  /** The session listens to what any client listens to. */
  function listenForAll() {
    if (status !== "I") return;
    const channels = new Set([...clients].flatMap(({ belongings }) => [...belongings.channels]));
    for (const channel of channels) runSql(`listen ${quote(channel)}`);
  }

  /**
   * Ends a client that sits in a transaction while others wait: with one session nobody else could ever work again. The
   * time runs from when the first of them waits, however many come after.
   */
  function watchIdleOwner() {
    const idler = owner;
    if (!idler || idleTimer !== undefined || ![...clients].some(({ inbox }) => inbox.length > 0)) {
      return;
    }
    idleTimer = setTimeout(() => {
      idleTimer = undefined;
      onEnded?.(
        `${
          idler.name || "A client"
        } (connection ${idler.id}) kept the embedded database to itself, idle in a transaction, ` +
          `for ${idleLimit / 1000} s while others waited, and was ended (25P03).`,
      );
      idler.send(errorResponse("25P03", "idle in transaction while others wait", "FATAL"));
      drop(idler);
    }, idleLimit);
  }

  function stopWatching() {
    clearTimeout(idleTimer);
    idleTimer = undefined;
  }

  function drop(client: Client) {
    if (client.ended) return;
    client.ended = true;
    clients.delete(client);
    client.inbox = [];
    if (owner === client) {
      stopWatching();
      run(message("S"));
      if (status !== "I") runSql("rollback");
      status = "I";
      owner = null;
    }
    gone.push(client);
    client.close();
    schedule();
  }

  /**
   * Takes away what a client has left, once nobody is in the middle of something: a query of ours would end another's
   * unnamed statement between its Describe and its Bind.
   */
  function tidyAfter(client: Client) {
    for (const name of client.statements) runSql(`deallocate ${quote(`c${client.id}_${name}`)}`);
    if (client.belongings.channels.size > 0) {
      runSql("unlisten *");
      listenForAll();
    }
    if (settledFor !== client) return;
    packPrepared(null);
    settledFor = null;
  }

  function start(client: Client, parameters: Map<string, string>) {
    client.started = true;
    client.name = parameters.get("application_name") ?? "";
    client.settings.push(...startupSettings(parameters));
    client.send(startupAnswer(client.id, serverParameters));
  }

  function receive(client: Client, bytes: Uint8Array) {
    if (client.ended) return;
    client.buffer = client.buffer.length > 0 ? concat([client.buffer, bytes]) : bytes;
    while (!client.started) {
      const startup = readStartup(client.buffer);
      if (!startup) return;
      client.buffer = client.buffer.subarray(startup.length);
      if (startup.kind === "encryption") client.send(new Uint8Array([0x4e]));
      else if (startup.kind === "startup") start(client, startup.parameters);
      // A query inside WebAssembly cannot be interrupted: a request to cancel is heard and closed.
      else return drop(client);
    }
    const { messages, rest } = splitMessages(client.buffer);
    client.buffer = rest.slice();
    if (messages.some(({ type }) => type === "X")) return drop(client);
    // Flush asks for what is answered anyway.
    client.inbox.push(...messages.filter(({ type }) => type !== "H"));
    schedule();
  }

  return {
    connect(send, close) {
      const client: Client = {
        id: nextId++,
        started: false,
        ended: false,
        buffer: new Uint8Array(0),
        inbox: [],
        settings: [],
        statements: new Set(),
        belongings: noBelongings(),
        name: "",
        send,
        close,
      };
      clients.add(client);
      return { receive: (bytes) => receive(client, bytes), end: () => drop(client) };
    },
  };
}
