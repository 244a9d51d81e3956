/** `npm start`: the whole backend, until Ctrl-C. */
import { parseArgs } from "node:util";
import { type Assistant, startAssistant } from "./assistant/assistant.ts";
import { connect } from "./database/connect.ts";
import { demoPassword, listDemoPeople } from "./people.ts";
import { installRedis } from "./redis/install.ts";
import { type Stack, startStack } from "./stack.ts";
import { resetState, resolveStateDir } from "./state.ts";

const usage = `npm start -- [options]

  --db-url <url>    use this Postgres 17 (superuser's URL) instead of the embedded one
  --reset           begin anew: forget the embedded database, stored objects and keys
  --port <port>     of the API, default 54321
  --db-port <port>  of the embedded database, default 54322
  --app-port <port> of the example's page, default 54323
  --no-app          neither the example's page nor its agent
  --state-dir <dir> where the state is kept, default .local
  --confirm-emails  let sign-ups wait for the mail's link, as hosted
  --private-only    refuse public channels of Realtime ("Allow public access" switched off)
  --no-redis        run on the Postgres scratchpad
  --no-install      do not install redis-server where it is missing
  --help            this text`;

async function main(): Promise<number> {
  const began = performance.now();
  let options;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : error}\n\n${usage}`,
    );
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  // Heard from the first moment on: a Ctrl-C while starting ends what has been started.
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve());
    }
  });
  const log = (line: string) => console.log(`  ${line}`);
  try {
    if (options.reset && options.dbUrl) {
      throw new Error(
        "--reset only empties the embedded database; empty the one of --db-url yourself",
      );
    }
    if (options.reset) await resetState(resolveStateDir(options.stateDir));
    if (options.redis && options.install) await installRedis(log);
    const stack = await startStack({
      ...(options.dbUrl ? { dbUrl: options.dbUrl } : {}),
      stateDir: resolveStateDir(options.stateDir),
      apiPort: options.port,
      dbPort: options.dbPort,
      redis: options.redis ? "auto" : "none",
      confirmEmails: options.confirmEmails,
      realtime: { isPrivateOnly: options.isPrivateOnly },
      // Where people come back to who have connected an account, as that of the example's calendar on this machine.
      functionEnv: options.app
        ? {
          GROUNDWORK_ALLOW_PRIVATE_PROVIDERS: "true",
          GROUNDWORK_RETURN_ORIGINS: ["127.0.0.1", "localhost"]
            .map((host) => `http://${host}:${options.appPort}`).join(),
        }
        : {},
      log,
    });
    console.log(
      `\nReady in ${((performance.now() - began) / 1000).toFixed(1)} s. Ctrl-C stops it.\n`,
    );
    const app = options.app
      ? await startAssistant({
        ...stack,
        dbUrl: options.dbUrl ?? stack.dbUrl,
        port: options.appPort,
        log,
      }).catch((error) => stack.stop().then(() => Promise.reject(error)))
      : null;
    await describe(stack, app, options.dbUrl);
    await interrupted;
    console.log("\nStopping …");
    await app?.stop();
    await stack.stop();
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(`\n${error.message}`);
    return 1;
  }
}

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      "db-url": { type: "string" },
      reset: { type: "boolean", default: false },
      port: { type: "string", default: "54321" },
      "db-port": { type: "string", default: "54322" },
      "app-port": { type: "string", default: "54323" },
      app: { type: "boolean", default: true },
      "state-dir": { type: "string", default: ".local" },
      "confirm-emails": { type: "boolean", default: false },
      "private-only": { type: "boolean", default: false },
      redis: { type: "boolean", default: true },
      install: { type: "boolean", default: true },
      help: { type: "boolean", default: false },
    },
  });
  return {
    dbUrl: values["db-url"],
    reset: values.reset,
    port: readPort(values.port, "--port"),
    dbPort: readPort(values["db-port"], "--db-port"),
    appPort: readPort(values["app-port"], "--app-port"),
    app: values.app,
    stateDir: values["state-dir"],
    confirmEmails: values["confirm-emails"],
    isPrivateOnly: values["private-only"],
    redis: values.redis,
    install: values.install,
    help: values.help,
  };
}

function readPort(text: string, option: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`${option} ${text} is not a port`);
  }
  return port;
}

/** What `supabase status` prints, and the people to sign in as. */
async function describe(
  stack: Stack,
  app: Assistant | null,
  adminUrl: string | undefined,
) {
  const lines = [
    ...(app ? [["Assistant (a page)", app.url]] : []),
    ["API URL", stack.apiUrl],
    ["Data API", `${stack.apiUrl}/rest/v1`],
    ["Functions", `${stack.apiUrl}/functions/v1`],
    ["Inbox (mails)", stack.inboxUrl],
    ["Database URL", stack.dbUrl],
    ["Publishable key", stack.publishableKey],
    ["Secret key", stack.secretKey],
    ["JWKS", `${stack.apiUrl}/auth/v1/.well-known/jwks.json`],
    ...(stack.redis
      ? [["Redis (REST)", stack.redis.restUrl], [
        "Redis token",
        stack.redis.restToken,
      ]]
      : []),
  ];
  for (const [name = "", value] of lines) {
    console.log(`  ${name.padStart(18)}  ${value}`);
  }
  const sql = connect(adminUrl ?? stack.dbUrl);
  try {
    const people = await listDemoPeople(sql);
    if (people.length === 0) return;
    console.log(`\n  Sign in as, with the password ${demoPassword}:`);
    for (const { email, places } of people) {
      console.log(`    ${email.padEnd(24)} ${places}`);
    }
  } finally {
    await sql.end();
  }
}

Deno.exit(await main());
