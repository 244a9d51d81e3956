/**
 * A person's end of a session, for as long as they like: an isolate of the platform lives for
 * minutes, and then the socket is closed with 4307, "come again, nothing is lost". This connects
 * again and says later what could not be said in between.
 *
 * @example
 * const socket = openSessionSocket({
 *   url: session.connect_url,
 *   token: async () => (await groundwork.auth.getSession()).data.session?.access_token ?? "",
 *   onMessage: (message) => console.log(message),
 * });
 * socket.send("hello");
 */

/** The isolate ended: everything said arrives, each once. */
export const comeAgain = 4307;

/** How to open one. */
export interface SessionSocketOptions {
  /** `connect_url`, as `POST /sessions` answers it. */
  url: string;
  /** The person's token; asked for at each connection, as tokens end too. */
  token: () => string | Promise<string>;
  onMessage: (message: string | ArrayBuffer) => void;
  /** Hears of each connection that was handed over. */
  onComeAgain?: () => void;
}

/** An open session. */
export interface SessionSocket {
  /** Says it, now or when the session is connected again. */
  send(message: string | ArrayBuffer): void;
  /** Takes leave. */
  close(): void;
  /** How it ended: with another code than 4307. */
  readonly ended: Promise<{ code: number; reason: string }>;
}

/** Connects, and again whenever an isolate has ended. */
export function openSessionSocket(options: SessionSocketOptions): SessionSocket {
  const { url, token, onMessage, onComeAgain = () => {} } = options;
  const ended = Promise.withResolvers<{ code: number; reason: string }>();
  const unsent: (string | ArrayBuffer)[] = [];
  let socket: WebSocket | null = null;
  let isLeaving = false;

  function flush(): void {
    // A socket that is closing takes messages and drops them.
    while (socket?.readyState === WebSocket.OPEN && unsent.length > 0) {
      socket.send(unsent.shift() ?? "");
    }
  }

  async function connect(): Promise<void> {
    const opening = new WebSocket(url, ["groundwork", `bearer.${await token()}`]);
    opening.binaryType = "arraybuffer";
    opening.onopen = () => {
      socket = opening;
      if (isLeaving) opening.close(1000);
      flush();
    };
    opening.onmessage = ({ data }) => onMessage(data);
    opening.onclose = ({ code, reason }) => {
      socket = null;
      if (code !== comeAgain || isLeaving) return ended.resolve({ code, reason });
      onComeAgain();
      connect().catch(ended.reject);
    };
  }

  connect().catch(ended.reject);
  return {
    send(message) {
      unsent.push(message);
      flush();
    },
    close() {
      isLeaving = true;
      socket?.close(1000);
    },
    ended: ended.promise,
  };
}
