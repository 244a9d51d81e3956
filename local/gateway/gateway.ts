/** Starts the stack's front door ({@link file://./gateway-worker.ts}) and talks to it. */
import { PortTakenError } from "../ports.ts";
import type { GatewayReport, GatewayRequest } from "./gateway-worker.ts";
import type { EdgeOptions } from "../edge/edge.ts";
import type { Route } from "./routes.ts";

export type { Route };

/** The listening front door. */
export interface Gateway {
  port: number;
  /**
   * Begins to answer; requests that came earlier have waited.
   * @returns the names of the functions
   */
  serve(routes: Route[], functions?: EdgeOptions): Promise<string[]>;
  stop(): Promise<void>;
}

/** Takes the port (0: any free one). */
export async function openGateway(port: number): Promise<Gateway> {
  const worker = new Worker(new URL("./gateway-worker.ts", import.meta.url), { type: "module" });
  const listening = Promise.withResolvers<number>();
  const serving = Promise.withResolvers<string[]>();
  const stopped = Promise.withResolvers<void>();
  const tell = (request: GatewayRequest) => worker.postMessage(request);
  const fail = (error: Error) => {
    for (const step of [listening, serving, stopped]) step.reject(error);
  };
  // Only the step that is being waited for has someone to hear of a failure.
  for (const { promise } of [listening, serving, stopped]) promise.catch(() => {});
  worker.onmessage = ({ data: report }: MessageEvent<GatewayReport>) => {
    if (report.kind === "listening") listening.resolve(report.port);
    else if (report.kind === "serving") serving.resolve(report.functions);
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
      async serve(routes, functions) {
        tell({ kind: "serve", routes, functions: functions ?? null });
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
