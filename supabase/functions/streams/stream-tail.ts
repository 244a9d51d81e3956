/**
 * The end of a stream, read once for all who follow it in this isolate.
 *
 * However many readers there are, one reading looks for what is new and wakes them; the last of it
 * stays in memory (at most 512 KiB). Who is further behind than that reads for themselves until they
 * have caught up.
 */
import { inBackground } from "../_shared/background.ts";
import type { Services } from "../_shared/services.ts";
import { forAll } from "../_shared/statements.ts";
import {
  chunksOf,
  type Ending,
  ending,
  endOf,
  findStream,
  type Stream,
  unknownTotal,
} from "./stream-store.ts";

/** Milliseconds between two looks while chunks come, and while none do. */
const shortPause = 40;
const longPause = 400;
/** Milliseconds between two looks into Postgres for an end that the fast memory has lost. */
const doubt = 1000;
/** Chunks in one look. */
export const atOnce = 500;
/** Characters that are kept for readers who are a little behind. */
const longestTail = 512 * 1024;

/** What is known of a stream's end in this isolate. */
export interface Tail {
  /** The chunks from number `first` on that are in memory; null when that is further back. */
  from(first: number): readonly string[] | null;
  /** What came of the stream, once it is known and all of it has been read. */
  readonly end: Ending | "gone" | null;
  /** Resolves when there is something new, at the latest after `milliseconds`. Rejects when nothing can be read. */
  next(milliseconds: number): Promise<void>;
  /** Reads from `first` on from now: a reader found nothing there, and the readers ahead wait. */
  rewind(first: number): void;
  /** The whole message, read once for all. */
  message(id: string): Promise<unknown>;
  /** The reader has left. */
  leave(): void;
}

interface Watched {
  readers: number;
  base: number;
  chunks: string[];
  size: number;
  end: Ending | "gone" | null;
  news: PromiseWithResolvers<void>;
  message: Promise<unknown> | null;
}

const nothing = (first: number): Watched => ({
  readers: 0,
  base: first,
  chunks: [],
  size: 0,
  end: null,
  news: Promise.withResolvers(),
  message: null,
});

const watched = new WeakMap<Services, Map<string, Watched>>();

/** What came of a stream, from the fast memory or, seldom, from Postgres. */
async function findEnding(
  services: Services,
  id: string,
  askDatabase: boolean,
): Promise<Ending | "gone" | null> {
  const told = ending.safeParse(await services.scratchpad.use((pad) => pad.get(endOf(id))));
  if (told.success) return told.data;
  if (!askDatabase) return null;
  const stream = await findStream(services, id);
  if (!stream) return "gone";
  if (stream.status === "open") return null;
  return {
    status: stream.status,
    message_id: await findMessage(services, stream) ? stream.message_id : null,
    error: stream.error,
    total: stream.chunks ?? unknownTotal,
  };
}

/** The message that a stream has become. */
async function findMessage(
  { database }: Services,
  { message_id }: Pick<Stream, "message_id">,
): Promise<unknown> {
  const [row] = await database.run((sql) =>
    sql<{ message: unknown }[]>`
      select jsonb_build_object('id', id, 'role', role, 'parts', parts, 'metadata', metadata) as message
      from public.messages where id = ${message_id}`
  );
  return row?.message ?? null;
}

/** Looks for what is new until the stream has ended or nobody reads it. */
async function look(services: Services, id: string, it: Watched): Promise<void> {
  let pause = shortPause;
  let doubtedAt = 0;
  while (it.readers > 0) {
    // The end is asked for first: what is read after it is all there is.
    const askDatabase = Date.now() - doubtedAt >= doubt;
    if (askDatabase) doubtedAt = Date.now();
    const end = pause > shortPause || askDatabase
      ? await findEnding(services, id, askDatabase)
      : null;
    const first = it.base + it.chunks.length;
    const chunks = await services.scratchpad.use((pad) =>
      pad.readChunks(chunksOf(id), first, atOnce)
    );
    // A reader has sent the reading back meanwhile.
    if (first !== it.base + it.chunks.length) continue;
    keep(it, chunks);
    if (end && (end === "gone" || chunks.length === 0)) it.end = end;
    if (it.end || chunks.length > 0) {
      it.news.resolve();
      it.news = Promise.withResolvers();
    }
    if (it.end) return;
    pause = chunks.length > 0 ? shortPause : Math.min(pause * 1.5, longPause);
    if (chunks.length < atOnce) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function keep(it: Watched, chunks: string[]): void {
  for (const chunk of chunks) {
    it.chunks.push(chunk);
    it.size += chunk.length;
  }
  let gone = 0;
  while (it.size > longestTail && gone < it.chunks.length) {
    it.size -= it.chunks[gone++]?.length ?? 0;
  }
  if (gone === 0) return;
  it.chunks.splice(0, gone);
  it.base += gone;
}

/** Watches a stream; whoever comes after it has ended, or could not be read, begins anew. */
async function watch(services: Services, here: Map<string, Watched>, id: string, it: Watched) {
  try {
    await look(services, id, it);
  } catch (error) {
    it.news.promise.catch(() => {}); // heard by whoever waits for it
    it.news.reject(error);
  } finally {
    if (here.get(id) === it) here.delete(id);
  }
}

/** Follows a stream's end as one of its readers, who begins with chunk `first`. */
export function followTail(services: Services, { id }: Stream, first: number): Tail {
  let here = watched.get(services);
  if (!here) watched.set(services, here = new Map());
  let it = here.get(id);
  if (it) it.readers++;
  else {
    it = { ...nothing(first), readers: 1 };
    here.set(id, it);
    inBackground("watching a stream", forAll(watch, services, here, id, it));
  }
  return tailOf(services, it);
}

function tailOf(services: Services, it: Watched): Tail {
  return {
    from: (wanted) => wanted < it.base ? null : it.chunks.slice(wanted - it.base),
    get end() {
      return it.end;
    },
    async next(milliseconds) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
      await Promise.race([it.news.promise, patience]).finally(() => clearTimeout(timer));
    },
    rewind(wanted) {
      if (wanted >= it.base) return;
      Object.assign(it, { base: wanted, chunks: [], size: 0 });
    },
    message: (message) => it.message ??= findMessage(services, { message_id: message }),
    leave: () => void it.readers--,
  };
}
