/** Articles in a world of the file's own, and a Dev.to that can have moods. */
import type { Platform } from "../_shared/publishing/publishing.ts";
import { type Article, createDevto } from "../publish-build-content/devto.ts";
import { app } from "../publish-build-content/index.ts";
import { createContentQueue, patience } from "./content-queues.ts";
import { type FakePlatform, startDevto } from "./publishing-platforms.ts";
import { connect, type Isolate, startIsolate } from "./world.ts";

export const sql = connect();
Deno.test.afterAll(() => sql.end());

/** The queue of articles. */
export const articles = await createContentQueue(sql, {
  queue: "build_content_queue",
  app,
  path: "/publish-build-content",
  usual: () => ({ title: `Title ${crypto.randomUUID()}`, article: "Text" }),
});

/** What a drill is given. */
export interface Given {
  devto: FakePlatform;
  /** Our side of it. */
  platform: Platform<Article>;
  /** With Dev.to's account in its environment. */
  isolate: Isolate;
}

/** A test with an empty queue and a Dev.to of its own. */
export function drill(claim: string, body: (given: Given) => Promise<void>): void {
  Deno.test(claim, async () => {
    await articles.clear();
    await using devto = await startDevto();
    await using isolate = startIsolate({ devto: devto.accounts });
    await body({ devto, platform: createDevto(devto.account, patience), isolate });
  });
}

/** What Dev.to was told, and not only asked. */
export const told = (devto: FakePlatform) => devto.heard.filter(({ method }) => method === "POST");
