/**
 * A person's end of a session, for as long as they like: an isolate of the platform lives for
 * minutes, and then it asks its people to come again, and tells each how many of the messages of this
 * connection were heard. This connects again and says the rest again: every message arrives, once
 * and in order.
 *
 * It is asked by a text that begins with a control character and is no message; messages that begin
 * with that character have it twice. Both are so because this offers `groundwork.handover`.
 *
 * @example
 * const socket = openSessionSocket({
 *   url: session.connect_url,
 *   token: async () => (await groundwork.auth.getSession()).data.session?.access_token ?? "",
 *   onMessage: (message) => console.log(message),
 * });
 * socket.send("hello");
 */

/** The isolate ended: come again, and say again what was not heard. */
export const comeAgain = 4307;
/**
 * Bytes of what was said that are kept to be said again. More than that cannot be under way: the
 * server takes 4 MiB, and between the two there is what a network holds.
 */
export const mostKept = 16 * 1024 * 1024;
/** How often it is tried to come again, and half the milliseconds before the second time; twice as long each time. */
const attempts = 8;
const pause = 50;

const control = "\x10";
/** What an open session answers; one that refuses answers the other name that is offered. */
const protocol = "groundwork.handover";

type Message = string | ArrayBuffer;

/** How to open one. */
export interface SessionSocketOptions {
  /** `connect_url`, as `POST /sessions` answers it. */
  url: string;
  /** The person's token; asked for at each connection, as tokens end too. */
  token: () => string | Promise<string>;
  onMessage: (message: Message) => void;
  /** Hears of each connection that was handed over. */
  onComeAgain?: () => void;
}

/** An open session. */
export interface SessionSocket {
  /** Says it, now or when the session is connected again. */
  send(message: Message): void;
  /** Takes leave. */
  close(): void;
  /** How it ended: with another code than 4307, or with 4307 where it is unclear what was heard. */
  readonly ended: Promise<{ code: number; reason: string }>;
}

const sizeOf = (message: Message) =>
  typeof message === "string" ? 3 * message.length : message.byteLength;

/** What was said over one connection, the oldest forgotten when it is too much. */
function createRecord() {
  const kept: Message[] = [];
  let size = 0;
  let forgotten = 0;
  return {
    add(message: Message): void {
      kept.push(message);
      size += sizeOf(message);
      while (size > mostKept && kept.length > 1) {
        size -= sizeOf(kept.shift() ?? "");
        forgotten++;
      }
    },
    /** What came after the first `heard`; null when that is not known any more. */
    after(heard: number): Message[] | null {
      const isKnown = heard >= forgotten && heard <= forgotten + kept.length;
      return isKnown ? kept.slice(heard - forgotten) : null;
    },
  };
}

/** Connects, and again whenever an isolate has ended. */
export function openSessionSocket(options: SessionSocketOptions): SessionSocket {
  const { url, token, onMessage, onComeAgain = () => {} } = options;
  const ended = Promise.withResolvers<{ code: number; reason: string }>();
  const unsaid: Message[] = [];
  let said = createRecord();
  let socket: WebSocket | null = null;
  let isLeaving = false;
  /** Tries to come again that have failed in a row; the first connection is not tried again. */
  let failures = attempts;

  function flush(): void {
    // A socket that is closing takes messages and drops them.
    while (socket?.readyState === WebSocket.OPEN && unsaid.length > 0) {
      const message = unsaid.shift() ?? "";
      said.add(message);
      socket.send(message);
    }
  }

  /** Takes up what was not heard. @returns whether that is known */
  function takeBack(heard: number | null): boolean {
    const unheard = heard === null ? null : said.after(heard);
    unsaid.unshift(...unheard ?? []);
    said = createRecord();
    return unheard !== null;
  }

  function comeBack(): void {
    setTimeout(() => connect().catch(ended.reject), failures && pause * 2 ** failures);
  }

  async function connect(): Promise<void> {
    let heard: number | null = null;
    const opening = new WebSocket(url, [protocol, "groundwork", `bearer.${await token()}`]);
    opening.binaryType = "arraybuffer";
    opening.onopen = () => {
      if (opening.protocol !== protocol) return;
      socket = opening;
      flush();
      if (isLeaving) opening.close(1000);
    };
    opening.onmessage = ({ data }) => {
      const isEscaped = typeof data === "string" && data.startsWith(control);
      if (!isEscaped || data.startsWith(control, 1)) {
        return onMessage(isEscaped ? data.slice(1) : data);
      }
      heard = Number(data.slice(`${control}heard=`.length));
      // All that was said is before this. A browser may tell of the end two seconds later.
      opening.onclose = null;
      opening.close(comeAgain);
      finish({ code: comeAgain, reason: "" });
    };
    opening.onclose = finish;

    function finish({ code, reason }: { code: number; reason: string }): void {
      const wasOpen = socket === opening;
      socket = null;
      // Between two isolates there may be nobody for a moment.
      if (!wasOpen && ++failures < attempts) return comeBack();
      failures = 0;
      const isHandedOver = heard !== null && takeBack(heard);
      if (!isHandedOver || isLeaving && unsaid.length === 0) {
        return ended.resolve({ code, reason });
      }
      onComeAgain();
      comeBack();
    }
  }

  connect().catch(ended.reject);
  return {
    send(message) {
      unsaid.push(message);
      flush();
    },
    close() {
      isLeaving = true;
      socket?.close(1000);
    },
    ended: ended.promise,
  };
}
