/**
 * What the database says: the rows of `realtime.messages`, in the order in which their transactions
 * were committed. Where the server logs
 * logically its log is followed; elsewhere a trigger notifies, which keeps the order as well, and
 * lets commits that broadcast wait for one
 * another (docs/decisions/0022).
 */
import type postgres from "postgres";
import { connect } from "../../database/connect.ts";
import { type FollowedLog, followLog } from "./log.ts";
import type { Row } from "./pgoutput.ts";

/** A broadcast out of the database. */
export interface DatabaseMessage {
  id: string;
  topic: string;
  event: string;
  isPrivate: boolean;
  /** JSON text, or bytes. */
  payload: string | Uint8Array<ArrayBuffer>;
}

/** What follows the table needs. */
export interface MessagesOptions {
  sql: postgres.Sql;
  adminUrl: string;
  onMessage: (message: DatabaseMessage) => void;
  log: (line: string) => void;
}

const publication = "supabase_realtime_messages_publication";
const channel = "groundwork_realtime_messages";
/** So far back a message may have begun that is committed only now; it is also how long an id is remembered. */
const lookBack = "10 minutes";
const remembered = 20_000;

/** Whether a database is the embedded one, and whether its log can be followed. */
export async function askForLog(
  sql: postgres.Sql,
): Promise<{ isEmbedded: boolean; isLogged: boolean }> {
  const [server] = await sql<{ level: string; isEmbedded: boolean }[]>`
    select current_setting('wal_level') as level, version() ~ 'emscripten|wasm|PGlite' as "isEmbedded"`;
  const isEmbedded = server?.isEmbedded ?? false;
  return { isEmbedded, isLogged: server?.level === "logical" && !isEmbedded };
}

/** Begins to follow; resolves when nothing more is missed. */
export async function followMessages(options: MessagesOptions): Promise<FollowedLog> {
  const { sql, log } = options;
  const { isEmbedded, isLogged } = await askForLog(sql);
  const known = await rememberIds(options);
  if (isLogged) {
    await sql.unsafe(dropTrigger);
    return await followLog({
      adminUrl: options.adminUrl,
      publication,
      onChange: ({ type, row }) => {
        if (type === "INSERT" && row) known.tell(readRow(row));
      },
      onFollowing: known.catchUp,
      onLost: (reason) => log(`Realtime: lost the database's log (${reason}); trying again`),
    });
  }
  if (!isEmbedded) {
    log(
      "Realtime: wal_level is not logical, so commits that broadcast wait for one another; " +
        "set wal_level = logical and restart Postgres",
    );
  }
  return await followNotifications(options, known);
}

/** Tells each message once, also those that were committed while nobody followed. */
async function rememberIds({ sql, adminUrl, onMessage }: MessagesOptions) {
  const rows = await sql<{ id: string }[]>`
    select id::text from realtime.messages
    where inserted_at > (now() at time zone 'utc') - ${lookBack}::interval`;
  const ids = new Set(rows.map(({ id }) => id));

  function tell(message: DatabaseMessage | null) {
    if (!message || ids.has(message.id)) return;
    ids.add(message.id);
    if (ids.size > remembered) {
      for (const oldest of ids) {
        ids.delete(oldest);
        break;
      }
    }
    onMessage(message);
  }

  return {
    tell,
    async catchUp() {
      // By a new client: one that lived through a killed server may never connect again (porsager/postgres#1208).
      const fresh = connect(adminUrl);
      try {
        const missed = await fresh<MessageRow[]>`
          select ${fresh.unsafe(columns)} from realtime.messages
          where inserted_at > (now() at time zone 'utc') - ${lookBack}::interval
          order by inserted_at, id`;
        for (const row of missed) tell(readRow(row));
      } finally {
        await fresh.end({ timeout: 1 });
      }
    },
  };
}

/** On the embedded database, which has one session, this costs nothing. */
async function followNotifications(
  { sql }: MessagesOptions,
  known: Awaited<ReturnType<typeof rememberIds>>,
): Promise<FollowedLog> {
  await sql.unsafe(createTrigger);
  let waiting: string[] = [];
  let reading: Promise<void> | null = null;

  async function read() {
    while (waiting.length > 0) {
      const ids = waiting;
      waiting = [];
      const rows = await sql<MessageRow[]>`
        select ${sql.unsafe(columns)}
        from unnest(${ids}::uuid[]) with ordinality as said (id, place)
        join realtime.messages using (id)
        order by said.place`;
      for (const row of rows) known.tell(readRow(row));
    }
  }

  function hear(id: string) {
    waiting.push(id);
    reading ??= read().catch(() => {
      // The connection is lost; when it is back everything is caught up with.
      waiting = [];
    }).finally(() => reading = null);
  }

  const listening = await sql.listen(channel, hear, () => known.catchUp().catch(() => {}));
  return {
    async stop() {
      await listening.unlisten();
      await reading;
    },
  };
}

type MessageRow = Record<
  "id" | "topic" | "event" | "payload" | "private" | "binary_payload",
  string | null
>;
const columns = `id::text, topic, event, payload::text, private::text, binary_payload::text`;

/** Null: not a broadcast, such as the rows with which permissions are tried. */
function readRow(row: MessageRow | Row): DatabaseMessage | null {
  const { id, topic, event, payload, binary_payload: bytes } = row;
  const said = bytes ? fromHex(bytes) : payload;
  if (!id || !topic || !event || said === null || said === undefined) return null;
  return { id, topic, event, payload: said, isPrivate: /^t/.test(row.private ?? "") };
}

/** Postgres's text of bytes: `\x` and two digits for each. */
const fromHex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.slice(2).match(/../g) ?? [], (digits) => parseInt(digits, 16));

const createTrigger = `
  create or replace function realtime.groundwork_tell_of_message() returns trigger
  language plpgsql security definer set search_path = '' as $$
  begin
    perform pg_catalog.pg_notify('${channel}', new.id::text);
    return null;
  end;
  $$;
  create or replace trigger groundwork_tell_of_message after insert on realtime.messages
    for each row when (new.event is not null) execute function realtime.groundwork_tell_of_message();
`;
const dropTrigger = `
  drop trigger if exists groundwork_tell_of_message on realtime.messages;
  drop function if exists realtime.groundwork_tell_of_message();
`;
