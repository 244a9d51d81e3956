/** `npm run backup` and `npm run restore`: of the server that `npm run services` keeps. */
import { preparePostgres } from "../postgres.ts";
import { ServicesUnavailable } from "../root.ts";
import { PORTS } from "../services.ts";
import { type Backups, describeBackups, NeedsRestart } from "./backups.ts";
import { checkByRestoring } from "./check.ts";
import { Misuse, readOptions, type Request } from "./options.ts";

const log = (line: string) => console.log(`backups: ${line}`);
const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

async function backUp(backups: Backups, type: "full" | "incr"): Promise<void> {
  const server = await preparePostgres({ name: "main", port: PORTS.postgres, log });
  if (!await server.isRunning()) throw new Misuse("The server does not run: npm run services.");
  const begun = Date.now();
  await backups.setUp(server);
  await backups.backUp(server, type);
  const known = await backups.list();
  for (const { label, until, size } of known) {
    console.log(`${label}  ${until.toISOString()}  ${(size / 2 ** 20).toFixed(1)} MiB`);
  }
  log(
    `done in ${seconds(begun)}; any moment since ${known[0]?.until.toISOString()} can be restored`,
  );
}

async function restore(
  backups: Backups,
  { at, into, port }: Extract<Request, { command: "restore" }>,
): Promise<void> {
  const begun = Date.now();
  const server = await backups.restore({
    name: into,
    ...(at ? { at } : {}),
    ...(port ? { port } : {}),
  });
  log(`restored in ${seconds(begun)} as it was ${at ? `at ${at}` : "last archived"}`);
  console.log(server.adminUrl);
}

async function main(args: string[]): Promise<void> {
  const request = readOptions(args, (name) => Deno.env.get(name));
  const { key, options } = request;
  const backups = await describeBackups({ name: "main", key, options, log });
  if (request.command === "check") {
    const { tables, seconds } = await checkByRestoring(backups);
    log(
      `restored beside in ${seconds.toFixed(1)} s: ${tables} tables read, every audit log verifies`,
    );
  } else if (request.command === "backup") await backUp(backups, request.type);
  else await restore(backups, request);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (error instanceof NeedsRestart) {
      console.error(
        "The log is not archived yet: archive_mode was off. Restart the server, then ask again:\n" +
          "  npm run services -- stop && npm run services && npm run backup",
      );
    } else if (error instanceof Misuse || error instanceof ServicesUnavailable) {
      console.error(error.message);
    } else throw error;
    Deno.exit(1);
  }
}
