/** A queue of content in a world of its own: what is in it, and what became of it. */
import type postgres from "postgres";
import type { App } from "../_shared/http/app.ts";
import {
  type Content,
  type Platform,
  publishDue,
  usualBounds,
} from "../_shared/publishing/publishing.ts";
import { type Answered, createWorld, type Isolate, type World } from "./world.ts";

/** Milliseconds: long for a server on loopback, short for a test of one that hangs. */
export const patience = 1000;

/** What is published from it, and by which function. */
export interface ContentKind {
  readonly queue: "build_content_queue" | "content_queue";
  readonly app: App;
  readonly path: string;
  /** Columns of a new row that may be published. */
  usual(): Record<string, unknown>;
}

/** The queue, with helpers that touch only its own world. */
export interface ContentQueue extends World {
  add(changes?: Record<string, unknown>): Promise<number>;
  // deno-lint-ignore no-explicit-any -- each queue has columns of its own
  read(id: number): Promise<any>;
  /** As if the pause before the next attempt were over. */
  skipPause(): Promise<unknown>;
  clear(): Promise<unknown>;
  /** Invokes the function. */
  invoke(isolate: Isolate): Promise<Answered>;
  /** Publishes what is due on this platform, without pausing before a retry. */
  publish<Item extends Content>(
    isolate: Isolate,
    platform: Platform<Item>,
  ): ReturnType<typeof publishDue>;
}

/** Makes one. */
export async function createContentQueue(
  sql: postgres.Sql<{ bigint: number }>,
  { queue, app, path, usual }: ContentKind,
): Promise<ContentQueue> {
  const world = await createWorld(sql);
  const { workspace } = world;
  const table = sql(`public.${queue}`);
  return {
    ...world,
    async add(changes = {}) {
      const content = {
        workspace_id: workspace,
        review_status: "approved",
        ...usual(),
        ...changes,
      };
      const [row] = await sql`insert into ${table} ${sql(content)} returning id`;
      return row?.id;
    },
    async read(id) {
      const [row] = await sql`
        select *, tried_at is not null as was_tried,
          scheduled_for > now() + interval '100 seconds' as waits_long
        from ${table} where id = ${id}`;
      return { ...row };
    },
    skipPause: () =>
      sql`update ${table} set scheduled_for = now()
        where workspace_id = ${workspace} and status = 'pending' and scheduled_for < 'infinity'`,
    clear: () => sql`delete from ${table} where workspace_id = ${workspace}`,
    invoke: (isolate) => isolate.ask(app, "POST", path, { as: "service", body: {} }),
    publish: (isolate, platform) =>
      publishDue(isolate.services.database, queue, () => platform, {
        ...usualBounds,
        unclearPause: 0,
      }),
  };
}
