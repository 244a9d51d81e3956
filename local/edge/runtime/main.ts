/**
 * A runtime: a process of the platform's Deno that boots isolates when it is told to, and ends them as the platform
 * does.
 *
 * - At half its wall clock an isolate is retired: it gets no new requests, and ends as soon as all that it got are
 *   acknowledged (their
 *   answer has begun; a socket or a stream that goes on does not count) and no `EdgeRuntime.waitUntil` is pending.
 * - At its wall clock it ends, whatever it does.
 *
 * Arguments: the port on which the stack listens for this runtime, and the names of the variables that the functions
 * see.
 */
import {
  encodeMessage,
  type EndReason,
  type FromIsolate,
  type FromRuntime,
  readMessages,
  type ToIsolate,
  type ToRuntime,
} from "./messages.ts";

/** Milliseconds for what is on its way between the door and an isolate that has been left. */
const grace = 500;
/** The part of the wall clock after which a function is told of its end. */
const warning = 0.9;

const [port, names = ""] = Deno.args;
const env: Record<string, string> = {};
for (const name of names.split(",").filter(Boolean)) env[name] = Deno.env.get(name) ?? "";

interface Isolate {
  worker: Worker;
  tell(message: ToIsolate): void;
  timers: ReturnType<typeof setTimeout>[];
  /** Ends it when it stays idle. */
  dropping?: ReturnType<typeof setTimeout>;
}

const isolates = new Map<string, Isolate>();
const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
const writer = connection.writable.getWriter();
const report = (message: FromRuntime) => void writer.write(encodeMessage(message));

function end(id: string, reason: EndReason): void {
  const isolate = isolates.get(id);
  if (!isolate) return;
  isolates.delete(id);
  for (const timer of isolate.timers) clearTimeout(timer);
  clearTimeout(isolate.dropping);
  isolate.worker.terminate();
  report({ kind: "ended", id, reason });
}

function boot({ id, name, entry, wallClock }: Extract<ToRuntime, { kind: "boot" }>): void {
  const worker = new Worker(new URL("./isolate.ts", import.meta.url), { type: "module", name });
  const tell = (message: ToIsolate) => worker.postMessage(message);
  const isolate: Isolate = { worker, tell, timers: [] };
  isolates.set(id, isolate);
  const retire = () => report({ kind: "retiring", id });
  const warn = () => tell({ kind: "beforeunload", reason: "wall_clock" });
  isolate.timers.push(
    setTimeout(retire, wallClock / 2),
    setTimeout(warn, wallClock * warning),
    setTimeout(() => end(id, "wall_clock"), wallClock),
  );
  worker.onmessage = ({ data }: MessageEvent<FromIsolate>) => {
    if (data.kind === "booted") return report({ kind: "booted", id, port: data.port });
    if (data.kind === "idle") return dropEarly(isolate, id);
    if (data.kind === "busy") return clearTimeout(isolate.dropping);
    report({ kind: "failed", id, reason: data.reason });
    end(id, "failed");
  };
  worker.onerror = (event) => {
    event.preventDefault();
    report({ kind: "failed", id, reason: event.message });
    end(id, "failed");
  };
  tell({ kind: "boot", name, entry, env });
}

/** Nothing new is sent to it any more: it may go when it is done with what it has. */
function leave(id: string): void {
  const isolate = isolates.get(id);
  isolate?.timers.push(setTimeout(() => isolate.tell({ kind: "retire" }), grace));
}

/** The answers that have begun may still be on their way, and so may be a request. */
function dropEarly(isolate: Isolate, id: string): void {
  isolate.tell({ kind: "beforeunload", reason: "early_drop" });
  isolate.dropping = setTimeout(() => end(id, "early_drop"), grace);
}

for await (const message of readMessages<ToRuntime>(connection.readable)) {
  if (message.kind === "boot") boot(message);
  else leave(message.id);
}
// The stack is gone.
Deno.exit();
