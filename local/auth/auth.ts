/** Auth: people, sessions, mails. Its own server below /auth/v1, and the inbox beside it. */
import { connect } from "../database/connect.ts";
import type { Keys } from "../keys.ts";
import type { Tokens } from "../tokens.ts";
import type { AuthContext } from "./context.ts";
import { renderInbox } from "./inbox-page.ts";
import { createLimiter } from "./limits.ts";
import { createInbox, type Inbox } from "./mails.ts";
import { createAuthRoutes } from "./routes.ts";
import type { AuthSettings } from "./settings.ts";

/** A running Auth. */
export interface Auth {
  origin: string;
  inbox: Inbox;
  stop(): Promise<void>;
}

/** Where Auth finds its tables, and as whom it signs. */
export interface AuthOptions {
  /** A superuser: Auth alone decides about its tables. */
  adminUrl: string;
  /** Connections. */
  connections: number;
  keys: Keys;
  tokens: Tokens;
  settings: AuthSettings;
  apiUrl: string;
  /** Mails that people may cause within five minutes, in all; for tests. */
  mails?: number | undefined;
  log?: (line: string) => void;
}

/**
 * Mails that people cause within five minutes, in all. The inbox keeps 1,000: each can be read for a quarter of an
 * hour.
 */
const mostMails = 300;

/** Answers /auth/v1, /inbox and /inbox.json on a port of its own. */
export function startAuth(options: AuthOptions): Auth {
  const { settings, log = () => {} } = options;
  const sql = connect(options.adminUrl, { max: options.connections });
  const inbox = createInbox(
    Number.parseInt(settings.email.max_frequency),
    ({ subject, to }) => log(`Mail for ${to}: ${subject} (${options.apiUrl}/inbox)`),
  );
  const context: AuthContext = {
    ...options,
    sql,
    inbox,
    limits: {
      codes: createLimiter(settings.rate_limit.token_verifications),
      mails: createLimiter(options.mails ?? mostMails),
    },
  };
  const routes = createAuthRoutes(context);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    const to = url.searchParams.get("to")?.toLowerCase() ?? undefined;
    if (url.pathname === "/inbox") return renderInbox(inbox.list(to));
    if (url.pathname !== "/inbox.json") return routes.fetch(request);
    return Response.json(inbox.list(to), { headers: { "cache-control": "no-store" } });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    inbox,
    async stop() {
      await server.shutdown();
      await sql.end({ timeout: 5 });
    },
  };
}
