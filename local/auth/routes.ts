/** The routes of Auth below /auth/v1, as the platform has them, and who each is for. */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { makeJwks } from "../keys.ts";
import * as account from "./account.ts";
import * as admin from "./admin.ts";
import {
  type AuthContext,
  type Caller,
  identify,
  inTransaction,
  type Person,
  requirePerson,
  requireService,
} from "./context.ts";
import { answerError, AuthError } from "./errors.ts";
import { credentials, readBody } from "./input.ts";
import { describeSettings, refuse, refuseFactor } from "./not-served.ts";
import { endSessions } from "./sessions.ts";
import { sendRecovery, sendSignInCode, signUp } from "./sign-up.ts";
import { giveToken } from "./token.ts";
import { showUser } from "./users.ts";
import { followLink, verification, verify } from "./verify.ts";

interface Bindings {
  Variables: { caller: Caller };
}
type Request = Context<Bindings>;

/** What a browser opens by itself, without a header. */
const keyless = /^\/auth\/v1\/(verify|callback|authorize|\.well-known\/.*|sso\/saml\/.*)$/;

const redirectTo = (c: Request) => c.req.query("redirect_to") ?? null;

/** Makes the routes. */
export function createAuthRoutes(context: AuthContext): Hono<Bindings> {
  const app = new Hono<Bindings>().basePath("/auth/v1");
  app.onError((error, c) => {
    if (error instanceof AuthError) return answerError(error, c.req.raw);
    console.error("[auth]", error);
    const unexpected = new AuthError(500, "unexpected_failure", "Internal server error");
    return answerError(unexpected, c.req.raw);
  });
  app.notFound((c) =>
    answerError(refuse(c.req.method, c.req.path.replace(/^\/auth\/v1/, "")), c.req.raw)
  );
  app.use(async (c, next) => {
    if (!keyless.test(c.req.path)) {
      const caller = await identify(context, c.req.raw);
      // The platform's gateway says so, before Auth hears of it.
      if (!caller.key) return c.json({ message: "Invalid API key" }, 401);
      c.set("caller", caller);
    }
    return await next();
  });
  addPublicRoutes(app, context);
  addRoutesOfPeople(app, context);
  addAdminRoutes(app, context);
  return app;
}

function addPublicRoutes(app: Hono<Bindings>, context: AuthContext): void {
  const { settings } = context;
  app.get(
    "/.well-known/jwks.json",
    (c) => c.json(makeJwks(context.keys), 200, { "cache-control": "public, max-age=600" }),
  );
  app.get("/.well-known/openid-configuration", (c) =>
    c.json({
      issuer: context.tokens.issuer,
      jwks_uri: `${context.tokens.issuer}/.well-known/jwks.json`,
    }));
  app.get("/health", (c) => c.json({ name: "GoTrue", description: "Groundwork's local Auth" }));
  app.get("/settings", (c) =>
    c.json(describeSettings(
      settings.confirmEmails,
      settings.enable_signup,
      settings.enable_anonymous_sign_ins,
    )));
  app.post(
    "/signup",
    async (c) =>
      c.json(await signUp(context, await readBody(c.req.raw, credentials), redirectTo(c))),
  );
  app.post(
    "/token",
    async (c) => c.json(await giveToken(context, c.req.query("grant_type") ?? null, c.req.raw)),
  );
  const otp = credentials.extend({ create_user: z.boolean().optional() });
  for (const path of ["/otp", "/magiclink"]) {
    app.post(path, async (c) => {
      await sendSignInCode(context, await readBody(c.req.raw, otp), redirectTo(c));
      return c.json({});
    });
  }
  app.post("/recover", async (c) => {
    await sendRecovery(context, await readBody(c.req.raw, credentials), redirectTo(c));
    return c.json({});
  });
  app.post("/resend", async (c) => {
    await account.resend(context, await readBody(c.req.raw, account.resending), redirectTo(c));
    return c.json({});
  });
  app.post(
    "/verify",
    async (c) => c.json(await verify(context, await readBody(c.req.raw, verification))),
  );
  app.get("/verify", (c) => followLink(context, new URL(c.req.url)));
}

function addRoutesOfPeople(app: Hono<Bindings>, context: AuthContext): void {
  const person = (c: Request): Promise<Person> => requirePerson(context, c.get("caller"));
  app.get("/user", async (c) => c.json(await showUser(context.sql, (await person(c)).user)));
  app.put("/user", async (c) => {
    const who = await person(c);
    const body = await readBody(c.req.raw, account.accountChange);
    return c.json(await account.changeAccount(context, who, body, redirectTo(c)));
  });
  app.post("/logout", async (c) => {
    const { user, sessionId } = await person(c);
    const scope = account.scopes.parse(c.req.query("scope"));
    await inTransaction(
      context,
      "signing out",
      (sql) => endSessions(sql, user.id, sessionId, scope),
    );
    return c.body(null, 204);
  });
  app.post("/factors", async (c) => {
    await person(c);
    const shape = z.object({ factor_type: z.string().nullish() });
    throw refuseFactor((await readBody(c.req.raw, shape)).factor_type);
  });
  for (const method of ["GET", "POST"]) {
    app.on(method, "/reauthenticate", async (c) => {
      await account.reauthenticate(context, await person(c));
      return c.json({});
    });
  }
}

function addAdminRoutes(app: Hono<Bindings>, context: AuthContext): void {
  for (const path of ["/admin/*", "/invite"]) {
    app.use(path, async (c, next) => {
      requireService(c.get("caller"));
      return await next();
    });
  }
  app.post("/invite", async (c) =>
    c.json(
      await admin.invite(context, await readBody(c.req.raw, admin.invitation), redirectTo(c)),
    ));
  app.post("/admin/generate_link", async (c) =>
    c.json(
      await admin.generateLink(
        context,
        await readBody(c.req.raw, admin.linkRequest),
        redirectTo(c),
      ),
    ));
  app.post(
    "/admin/users",
    async (c) =>
      c.json(await admin.createByAdmin(context, await readBody(c.req.raw, admin.userByAdmin))),
  );
  app.get("/admin/users", async (c) => {
    const { users, total, page, perPage } = await admin.listByAdmin(
      context,
      new URL(c.req.url).searchParams,
    );
    const last = Math.max(Math.ceil(total / perPage), 1);
    const link = (to: number, rel: string) =>
      `</admin/users?page=${to}&per_page=${perPage}>; rel="${rel}"`;
    const links = [...(page < last ? [link(page + 1, "next")] : []), link(last, "last")];
    return c.json({ users, aud: "authenticated" }, 200, {
      "x-total-count": String(total),
      link: links.join(", "),
      "access-control-expose-headers": "x-total-count, link",
    });
  });
  app.get(
    "/admin/users/:id",
    async (c) => c.json(await admin.showByAdmin(context, c.req.param("id"))),
  );
  app.put("/admin/users/:id", async (c) => {
    const body = await readBody(c.req.raw, admin.userByAdmin);
    return c.json(await admin.changeByAdmin(context, c.req.param("id"), body));
  });
  app.delete("/admin/users/:id", async (c) => {
    const shape = z.object({ should_soft_delete: z.boolean().nullish() });
    const { should_soft_delete } = await readBody(c.req.raw, shape);
    await admin.deleteByAdmin(context, c.req.param("id"), should_soft_delete ?? false);
    return c.json({});
  });
  app.get("/admin/users/:id/factors", (c) => c.json([]));
}
