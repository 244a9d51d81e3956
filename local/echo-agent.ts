/**
 * Stands for the agents' pods: what an ingress of the cluster would reach. Answers HTTP requests with what it was told
 * and sends WebSocket messages back, so that "talk to the agent" works on a machine without a cluster.
 */

/** A running echo agent. */
export interface EchoAgent {
  url: string;
  stop(): Promise<void>;
}

/** Starts it on a free port. */
export function startEchoAgent(): EchoAgent {
  const sockets = new Set<WebSocket>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const agent = request.headers.get("x-forwarded-host") ?? new URL(request.url).host;
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        const { socket, response } = Deno.upgradeWebSocket(request);
        socket.onopen = () => sockets.add(socket);
        socket.onclose = () => sockets.delete(socket);
        socket.onmessage = ({ data }) => socket.send(data);
        return response;
      }
      const { pathname, search } = new URL(request.url);
      const said = await request.text();
      return Response.json({ agent, path: pathname + search, method: request.method, echo: said });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async stop() {
      for (const socket of sockets) socket.close(1001);
      await server.shutdown();
    },
  };
}
