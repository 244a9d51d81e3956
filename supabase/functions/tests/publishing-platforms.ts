/**
 * Dev.to and a posting service, as small as they can be and still be real: HTTP servers on loopback
 * that keep what they accept, and that refuse, fail, hang and drop the connection when told to.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { serveRequests } from "../_shared/outbound/loopback.ts";

/**
 * How a platform treats the next thing that it is told.
 *
 * - `drop`, `fault`, `hang`: nothing is taken up
 * - `accept-and-drop`, `accept-and-fault`, `accept-and-hang`: it is, and nobody learns of it
 */
export type Mood =
  | "well"
  | "drop"
  | "fault"
  | "hang"
  | "accept-and-drop"
  | "accept-and-fault"
  | "accept-and-hang"
  | "refuse"
  | "busy";

/** Something that was said to a platform. */
export interface Heard {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  // deno-lint-ignore no-explicit-any -- whatever was sent
  body: any;
}

/** A platform: what it heard, what it has, and the moods that it will be in. */
export interface FakePlatform extends AsyncDisposable {
  account: { url: string; key: string };
  /** As the environment names it. */
  accounts: { url: string; keys: Record<string, string> };
  heard: Heard[];
  // deno-lint-ignore no-explicit-any -- whatever it took up
  published: any[];
  /** For the next things it is told, in turn; then it is well. */
  moods: Mood[];
  /** For the next questions. */
  questionMoods: Mood[];
  /** Whether it refuses what it has, as the real ones do. Off: nothing but our asking helps. */
  refusesDuplicates: boolean;
}

const key = "a-key-of-the-platform";

/** Keys by workspace in which every workspace has this one: tests share the database with others. */
export const everybodys = (key: string): Record<string, string> =>
  new Proxy({}, { get: () => key });

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const part of request) text += part;
  return text ? JSON.parse(text) : null;
}

interface Manners {
  /** Takes something up; null when it is a duplicate. */
  // deno-lint-ignore no-explicit-any -- whatever was sent
  accept(body: any, platform: FakePlatform): unknown;
  list(platform: FakePlatform, query: URLSearchParams): unknown;
  refusal: unknown;
  isAuthorized(headers: IncomingMessage["headers"]): boolean;
  acceptedStatus: number;
}

async function startPlatform(manners: Manners): Promise<FakePlatform> {
  function send(response: ServerResponse, status: number, body: unknown, retryAfter?: string) {
    response.writeHead(status, {
      "content-type": "application/json",
      ...(retryAfter ? { "retry-after": retryAfter } : {}),
    }).end(JSON.stringify(body));
  }

  const server = await serveRequests(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://platform");
    const body = await readJson(request);
    platform.heard.push({
      method: request.method ?? "",
      path: `${url.pathname}${url.search}`,
      headers: request.headers,
      body,
    });
    if (!manners.isAuthorized(request.headers)) {
      return send(response, 401, { error: "unauthorized", status: 401 });
    }
    const isQuestion = request.method === "GET";
    const mood = (isQuestion ? platform.questionMoods : platform.moods).shift() ?? "well";
    if (mood === "refuse") return send(response, 422, manners.refusal);
    if (mood === "busy") return send(response, 429, { error: "Rate limit reached" }, "120");
    if (mood === "drop") return request.socket.destroy();
    if (mood === "fault") return send(response, 500, { error: "oops" });
    if (mood === "hang") return;
    const answered = isQuestion
      ? manners.list(platform, url.searchParams)
      : manners.accept(body, platform);
    if (answered === null) return send(response, 422, manners.refusal);
    if (mood === "accept-and-drop") return request.socket.destroy();
    if (mood === "accept-and-fault") return send(response, 502, "<html>Bad gateway</html>");
    if (mood === "accept-and-hang") return;
    send(response, isQuestion ? 200 : manners.acceptedStatus, answered);
  });
  const platform: FakePlatform = {
    ...server,
    account: { url: server.url, key },
    accounts: { url: server.url, keys: everybodys(key) },
    heard: [],
    published: [],
    moods: [],
    questionMoods: [],
    refusesDuplicates: false,
  };
  return platform;
}

/** Dev.to: keeps articles, lists one's own with their bodies, drafts first and then the newest. */
export function startDevto(): Promise<FakePlatform> {
  return startPlatform({
    acceptedStatus: 201,
    refusal: { error: "Validation failed: Title is not what it should be", status: 422 },
    isAuthorized: (headers) => headers["api-key"] === key,
    accept({ article }, platform) {
      const isTaken = platform.published.some((one) =>
        one.title === article.title && one.body_markdown === article.body_markdown
      );
      if (platform.refusesDuplicates && isTaken) return null;
      const id = platform.published.length + 1;
      const made = {
        id,
        url: `https://dev.example/acme/${id}`,
        published_at: new Date().toISOString(),
        ...article,
      };
      platform.published.unshift(made);
      return made;
    },
    list(platform, query) {
      const perPage = Math.min(Number(query.get("per_page")), 3);
      const from = (Number(query.get("page")) - 1) * perPage;
      return platform.published.slice(from, from + perPage);
    },
  });
}

/** A posting service: keeps posts with their notes. */
export function startPostingService(): Promise<FakePlatform> {
  return startPlatform({
    acceptedStatus: 200,
    refusal: { action: "post", status: "error", code: 101, message: "The post is missing." },
    isAuthorized: (headers) => headers.authorization === `Bearer ${key}`,
    accept(post, platform) {
      const isTaken = platform.published.some((one) => one.idempotencyKey === post.idempotencyKey);
      if (platform.refusesDuplicates && isTaken) return null;
      const id = `post-${platform.published.length + 1}`;
      const made = {
        id,
        status: "success",
        errors: [],
        postIds: [{ status: "success", id: "1", postUrl: `https://network.example/${id}` }],
        ...post,
      };
      platform.published.unshift(made);
      return made;
    },
    list: (platform) => ({ history: platform.published }),
  });
}
