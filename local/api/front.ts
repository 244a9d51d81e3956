/** For tests: Data API, Storage and Auth behind one door, as clients meet them. */
import { startAuth } from "../auth/auth.ts";
import { readAuthSettings } from "../auth/settings.ts";
import { openGateway } from "../gateway/gateway.ts";
import { type Api, type ApiOptions, startApi } from "./api.ts";

/** Starts them on a free port. */
export async function startFront(options: ApiOptions): Promise<Api> {
  const api = await startApi(options);
  const settings = await readAuthSettings("/nowhere", false);
  const auth = startAuth({ ...options, connections: 1, settings });
  const gateway = await openGateway(0);
  gateway.serve([
    { prefix: "/auth/v1", origin: auth.origin },
    ...["/rest/v1", "/storage/v1"].map((prefix) => ({ prefix, origin: api.origin })),
  ]);
  return {
    origin: `http://127.0.0.1:${gateway.port}`,
    async stop() {
      await gateway.stop();
      await auth.stop();
      await api.stop();
    },
  };
}
