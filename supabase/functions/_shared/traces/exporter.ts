/**
 * Sends spans to a collector, in the background and in batches. Nobody waits for it, and it holds no
 * more than so many: where the collector is slow or away spans are dropped, and counted.
 */
import { inBackground } from "../background.ts";
import type { Metrics } from "../metrics.ts";
import { formatSpans } from "./otlp.ts";
import type { Attributes, EndedSpan, Sink } from "./span.ts";

/** Where spans are sent to. */
export interface Collector {
  /** The whole URL, `…/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What all spans have in common: `service.name` and so on. */
  readonly resource: Attributes;
}

/** Bounds; times in milliseconds. */
export interface ExportBounds {
  /** Spans that wait: beyond these they are dropped. */
  readonly mostWaiting: number;
  /** Spans in one request. */
  readonly batch: number;
  /** How long the first of a batch waits for others. */
  readonly pause: number;
  /** After which a collector counts as not answering. */
  readonly patience: number;
}

const usual: ExportBounds = { mostWaiting: 1000, batch: 200, pause: 1000, patience: 3000 };

/** An isolate's way to the collector. */
export interface Exporter {
  readonly add: Sink;
  /** Sends what waits. Never rejects. */
  flush(): Promise<void>;
  /** Sends nothing any more. */
  stop(): void;
}

/** Makes it. */
export function createExporter(
  collector: Collector,
  metrics: Pick<Metrics, "add">,
  bounds: ExportBounds = usual,
): Exporter {
  let waiting: (() => EndedSpan)[] = [];
  let sending: Promise<void> | undefined;
  let hurry = Promise.withResolvers<void>();
  let isStopped = false;

  const count = (outcome: string, spans: number) =>
    metrics.add(`groundwork_spans_total{outcome="${outcome}"}`, spans);

  async function send(spans: (() => EndedSpan)[]): Promise<void> {
    try {
      const response = await fetch(collector.url, {
        method: "POST",
        headers: { ...collector.headers, "content-type": "application/json" },
        body: formatSpans(collector.resource, spans.map((tell) => tell())),
        redirect: "error",
        signal: AbortSignal.timeout(bounds.patience),
      });
      await response.body?.cancel();
      count(response.ok ? "sent" : "refused", spans.length);
    } catch {
      count("unanswered", spans.length);
    }
  }

  async function sendAll(): Promise<void> {
    hurry = Promise.withResolvers();
    const timer = setTimeout(hurry.resolve, bounds.pause);
    Deno.unrefTimer(Number(timer));
    await hurry.promise;
    clearTimeout(timer);
    // One request after the other: a slow collector is not given more of them.
    while (waiting.length > 0 && !isStopped) {
      const batch = waiting.slice(0, bounds.batch);
      waiting = waiting.slice(bounds.batch);
      await send(batch);
    }
    sending = undefined;
  }

  return {
    add(tell) {
      if (isStopped) return;
      if (waiting.length >= bounds.mostWaiting) return count("dropped", 1);
      waiting.push(tell);
      if (!sending) {
        sending = sendAll();
        inBackground("sending spans", sending);
      } else if (waiting.length >= bounds.batch) hurry.resolve();
    },
    async flush() {
      hurry.resolve();
      await sending;
    },
    stop() {
      isStopped = true;
      hurry.resolve();
    },
  };
}
