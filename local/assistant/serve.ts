/** Serves the built example on loopback, with the stack that it talks to. */
import { join, normalize } from "node:path";
import { listenOn } from "../ports.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  json: "application/json",
};

const HEADERS = {
  "cache-control": "no-cache",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** What the page reads at first: `Config` in examples/assistant/src/backend.ts. */
export interface PageConfig {
  url: string;
  key: string;
  demo?: { password: string; people: { email: string; places: string }[] };
}

const WAITING = `<!doctype html><html lang="en"><title>Assistant</title>
<meta http-equiv="refresh" content="1"><p>The page is being built …`;

/**
 * Serves a folder.
 *
 * @param built resolves to the folder; until then the page says that it is being built
 */
export async function servePages(
  { port, built, config }: {
    port: number;
    built: Promise<string>;
    config: () => PageConfig;
  },
): Promise<{ url: string; stop(): Promise<void> }> {
  let folder: string | null = null;
  let problem: string | null = null;
  built.then(
    (path) => folder = path,
    (error) => problem = String(error?.message ?? error),
  );
  const say = (status: number, body: BodyInit | null, type = "html") =>
    new Response(body, {
      status,
      headers: { ...HEADERS, "content-type": TYPES[type]! },
    });

  async function answer(request: Request): Promise<Response> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return say(405, null);
    }
    let { pathname } = new URL(request.url);
    if (pathname === "/config.json") {
      return say(200, JSON.stringify(config()), "json");
    }
    if (problem !== null) {
      return say(500, "The page could not be built: see the terminal.");
    }
    if (folder === null) return say(503, WAITING);
    if (pathname === "/") pathname = "/index.html";
    // Names of built files need no escapes: what has one is none of them.
    const path = normalize(pathname);
    const ending = path.split(".").at(-1) ?? "";
    if (!path.startsWith("/") || path.includes("..") || !(ending in TYPES)) {
      return say(404, null);
    }
    try {
      return say(200, await Deno.readFile(join(folder, path)), ending);
    } catch {
      return say(404, null);
    }
  }
  const server = await listenOn(
    port,
    "the example's page",
    () => Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, answer),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}
