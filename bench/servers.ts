/**
 * The servers that `access.ts` compares, each a process of its own: `deno run servers.ts <kind> <port>`, with a
 * function's environment.
 *
 * - `bare`: Hono and nothing else; the most that a function could do.
 * - `uncached`: what a team writes first: verify the token, then ask Postgres under row security, for each request.
 * - `agents`: the function as it is deployed.
 */
import { Hono } from "hono";
import { verifyAuth } from "@supabase/server/core";
import postgres from "postgres";
import { parseEnvironment } from "../supabase/functions/_shared/environment.ts";

const [kind, port] = Deno.args;

function bare() {
  const app = new Hono().basePath("/agents");
  app.get(
    "/:id/access",
    (context) =>
      context.json({
        agent_id: context.req.param("id"),
        allowed: true,
        reason: "granted",
        revision: 1,
      }),
  );
  return app;
}

function uncached() {
  const environment = parseEnvironment();
  const sql = postgres(environment.databaseUrl, { max: 10 });
  const env = {
    url: environment.url,
    publishableKeys: environment.publishableKeys,
    secretKeys: environment.secretKeys,
    jwks: environment.keySet,
  };
  const app = new Hono().basePath("/agents");
  app.get("/:id/access", async (context) => {
    const { data } = await verifyAuth(context.req.raw, { auth: "user", env });
    if (!data?.jwtClaims) return context.json({ error: "unauthorized" }, 401);
    const claims = JSON.stringify(data.jwtClaims);
    const rows = await sql.begin(async (transaction) => {
      await transaction`
        select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`;
      return await transaction`
        select can_use from public.permissions
        where agent_id = ${
        context.req.param("id")
      } and can_use and (expires_at is null or expires_at > now())`;
    });
    return context.json({ agent_id: context.req.param("id"), allowed: rows.length > 0 });
  });
  return app;
}

async function agents() {
  const module = await import("../supabase/functions/agents/index.ts");
  return module.default;
}

const server = kind === "bare" ? bare() : kind === "uncached" ? uncached() : await agents();
Deno.serve(
  { hostname: "127.0.0.1", port: Number(port), onListen: () => console.log("ready") },
  (request) => server.fetch(request),
);
