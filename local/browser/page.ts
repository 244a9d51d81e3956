/**
 * The page of somebody's product: on an origin of its own, with supabase-js as its own bundle has it, and nothing else.
 */
import { PROJECT } from "../testing/deno-test.ts";

const BUNDLE = `${PROJECT}/node_modules/@supabase/supabase-js/dist/umd/supabase.js`;
const PAGE = "<!doctype html><title>A product</title><script src=/supabase.js></script>";

/** Serves the page on a free port of loopback. */
export function servePage(): { origin: string; stop: () => Promise<void> } {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/supabase.js") {
        return new Response(await Deno.readFile(BUNDLE), {
          headers: { "content-type": "text/javascript" },
        });
      }
      return pathname === "/"
        ? new Response(PAGE, { headers: { "content-type": "text/html" } })
        : new Response(null, { status: 404 });
    },
  );
  return { origin: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}
