/** Storage, as its API on the platform: buckets and objects under row security, on files. */
import { Hono } from "hono";
import postgres from "postgres";
import { z } from "zod";
import { keepOpen } from "../database/lost-connections.ts";
import type { Keys } from "../keys.ts";
import type { Tokens } from "../tokens.ts";
import { addBucketRoutes } from "./bucket-routes.ts";
import { openBuckets } from "./buckets.ts";
import { readCaller } from "./callers.ts";
import type { StorageContext } from "./context.ts";
import { fromDatabase, invalidInput, notServed, StorageError } from "./errors.ts";
import { openFiles } from "./files.ts";
import { addObjectRoutes } from "./object-routes.ts";
import { openObjects } from "./objects.ts";
import { addResumableRoutes } from "./resumable/routes.ts";
import { openSignatures } from "./signatures.ts";
import { addSignedRoutes } from "./signed-routes.ts";

/** Where Storage finds its database and its files, and whom it believes. */
export interface StorageOptions {
  /** A superuser: Storage itself. What a person asks runs as the person. */
  adminUrl: string;
  keys: Keys;
  tokens: Tokens;
  folder: string;
  connections: number;
}

/** Answers requests below /storage/v1. */
export interface Storage {
  fetch(request: Request): Promise<Response>;
  stop(): Promise<void>;
}

/** Opens Storage. */
export function openStorage(
  { adminUrl, keys, tokens, folder, connections }: StorageOptions,
): Storage {
  const sql = keepOpen((onclose) =>
    postgres(adminUrl, {
      max: connections,
      onnotice: () => {},
      onclose,
      max_lifetime: null, // none closes but by a loss
      connection: { application_name: "groundwork-storage" },
      types: { text: textTime, bigint: bigint },
    })
  );
  const files = openFiles(folder);
  const context: StorageContext = {
    sql,
    buckets: openBuckets(sql, files),
    objects: openObjects(sql, files),
    signatures: openSignatures(keys.internalSecret),
    folder,
    callerOf: ({ headers, url }) => readCaller(headers, new URL(url).searchParams, keys, tokens),
  };
  const app = new Hono().basePath("/storage/v1");

  app.onError((error) => {
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      return invalidInput(`${issue?.path.join("/") || "body"}: ${issue?.message}`).respond();
    }
    const known = fromDatabase(error);
    if (known instanceof StorageError) return known.respond();
    console.error("[storage]", error);
    return new StorageError(500, "InternalError", "Internal Server Error", "Internal", 500)
      .respond();
  });
  app.notFound(({ req }) => notServed(`${req.method} ${req.path}`).respond());

  addBucketRoutes(app, context);
  addSignedRoutes(app, context);
  addObjectRoutes(app, context);
  addResumableRoutes(app, context);
  app.all("/render/image/*", () => notServed("images that are transformed").respond());

  return {
    fetch: async (request) => await app.fetch(request),
    stop: () => sql.end({ timeout: 5 }),
  };
}

/** Times are answered as the platform writes them. */
const textTime: postgres.PostgresType = {
  to: 1184,
  from: [1184],
  serialize: (value: unknown) => value instanceof Date ? value.toISOString() : String(value),
  parse: (text: string) => new Date(text).toISOString(),
};

const bigint: postgres.PostgresType = { to: 20, from: [20], serialize: String, parse: Number };
