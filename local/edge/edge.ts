/** Starts the stack's front ({@link file://./edge-worker.ts}) and talks to it. */
import { PortTakenError } from "../ports.ts";
import type { EdgeReport, EdgeRequest } from "./edge-worker.ts";

/** The listening front. */
export interface Edge {
  port: number;
  /**
   * Begins to answer; requests that came earlier have waited.
   * @returns the names of the functions
   */
  serve(options: Omit<Extract<EdgeRequest, { kind: "serve" }>, "kind">): Promise<string[]>;
  stop(): Promise<void>;
}

/** Takes the port (0: any free one). */
export async function openEdge(port: number): Promise<Edge> {
  const worker = new Worker(new URL("./edge-worker.ts", import.meta.url), { type: "module" });
  const listening = Promise.withResolvers<number>();
  const serving = Promise.withResolvers<string[]>();
  const stopped = Promise.withResolvers<void>();
  const tell = (request: EdgeRequest) => worker.postMessage(request);
  const fail = (error: Error) => {
    for (const step of [listening, serving, stopped]) step.reject(error);
  };
  // Only the step that is being waited for has someone to hear of a failure.
  for (const { promise } of [listening, serving, stopped]) promise.catch(() => {});
  worker.onmessage = ({ data: report }: MessageEvent<EdgeReport>) => {
    if (report.kind === "listening") listening.resolve(report.port);
    else if (report.kind === "serving") serving.resolve(report.names);
    else if (report.kind === "stopped") stopped.resolve();
    else if (report.isPortTaken) fail(new PortTakenError(port, "the API"));
    else fail(new Error(report.reason));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(new Error(event.message));
  };
  tell({ kind: "listen", port });
  try {
    return {
      port: await listening.promise,
      async serve(options) {
        tell({ kind: "serve", ...options });
        return await serving.promise;
      },
      async stop() {
        tell({ kind: "stop" });
        await stopped.promise;
        worker.terminate();
      },
    };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
