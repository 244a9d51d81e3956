/** Starts the functions' thread ({@link file://./edge-worker.ts}) and talks to it. */
import type { EdgeReport, EdgeRequest } from "./edge-worker.ts";

/** The running functions. */
export interface Edge {
  origin: string;
  names: string[];
  stop(): Promise<void>;
}

/** Begins to answer, on a free port. */
export async function openEdge(folder: string, env: Record<string, string>): Promise<Edge> {
  const worker = new Worker(new URL("./edge-worker.ts", import.meta.url), { type: "module" });
  const serving = Promise.withResolvers<{ port: number; names: string[] }>();
  const stopped = Promise.withResolvers<void>();
  const tell = (request: EdgeRequest) => worker.postMessage(request);
  const fail = (error: Error) => {
    for (const step of [serving, stopped]) step.reject(error);
  };
  // Only the step that is being waited for has someone to hear of a failure.
  for (const { promise } of [serving, stopped]) promise.catch(() => {});
  worker.onmessage = ({ data: report }: MessageEvent<EdgeReport>) => {
    if (report.kind === "serving") serving.resolve(report);
    else if (report.kind === "stopped") stopped.resolve();
    else fail(new Error(report.reason));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(new Error(event.message));
  };
  tell({ kind: "serve", folder, env });
  try {
    const { port, names } = await serving.promise;
    return {
      origin: `http://127.0.0.1:${port}`,
      names,
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
