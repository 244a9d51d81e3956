/** What `npm run backup` and `npm run restore` are told, by arguments and by the environment. */
import { parseArgs } from "node:util";
import { z } from "zod";

/** It was asked for wrongly; the message is for people. */
export class Misuse extends Error {
  override name = "Misuse";
}

interface Opened {
  key: string;
  options: Record<string, string>;
}

/** What is asked for. */
export type Request =
  & Opened
  & (
    | { command: "backup"; type: "full" | "incr" }
    | { command: "check" }
    | { command: "restore"; at?: string; into: string; port?: number }
  );

const USAGE =
  `npm run backup                        what changed since the last backup; all of it, the first time
npm run backup -- --full              all of it
npm run backup -- --check             restores the newest state beside, reads all of it, and removes it
npm run restore -- [--at <time>] [--into <name>] [--port <port>]
                                      a new server beside the others: as it was at a time (2026-11-20T14:59:00Z), or
                                      last
The repository is encrypted with GROUNDWORK_BACKUP_KEY. GROUNDWORK_BACKUP_OPTIONS is a JSON object of pgBackRest's
options, for a repository elsewhere: {"repo1-type": "s3", "repo1-path": "/groundwork", …}.`;

const optionsOfPgBackRest = z.record(
  z.string().regex(/^[a-z0-9-]+$/, { error: "is no name of an option" }),
  z.string().regex(/^[^\r\n]*$/, { error: "is not one line" }),
);

function readPgBackRestOptions(text: string): Record<string, string> {
  try {
    return optionsOfPgBackRest.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? error.issues[0]?.message : "is not JSON";
    throw new Misuse(`GROUNDWORK_BACKUP_OPTIONS ${why}; it is an object of texts.`);
  }
}

/** A moment as pgBackRest and Postgres read it. It has an offset from UTC: nobody guesses whose clock was meant. */
function readMoment(text: string): string {
  const form =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)$/;
  const [, day, time = "", offset = ""] = form.exec(text.trim()) ?? [];
  const full = time.length === 5 ? `${time}:00` : time;
  if (day === undefined || Number.isNaN(Date.parse(`${day}T${full.slice(0, 8)}Z`))) {
    throw new Misuse("--at: is no time with its offset from UTC, e.g. 2026-11-20T14:59:00Z.");
  }
  return `${day} ${full}${offset === "Z" ? "+00" : offset}`;
}

/**
 * Reads both.
 *
 * @param args `backup` or `restore`, and what follows
 * @throws Misuse
 */
export function readOptions(args: string[], read: (name: string) => string | undefined): Request {
  const [command, ...rest] = args;
  let given: { full?: boolean; check?: boolean; at?: string; into?: string; port?: string };
  try {
    given = parseArgs({
      args: rest,
      options: command === "restore"
        ? { at: { type: "string" }, into: { type: "string" }, port: { type: "string" } }
        : { full: { type: "boolean" }, check: { type: "boolean" } },
    }).values;
  } catch (error) {
    throw new Misuse(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
  const key = read("GROUNDWORK_BACKUP_KEY") ?? "";
  if (!/^\S{16,}$/.test(key)) {
    throw new Misuse(
      `GROUNDWORK_BACKUP_KEY is not set, or shorter than 16 characters (openssl rand -hex 32).\n\n${USAGE}`,
    );
  }
  const opened = { key, options: readPgBackRestOptions(read("GROUNDWORK_BACKUP_OPTIONS") || "{}") };
  if (command !== "restore") {
    return given.check
      ? { ...opened, command: "check" }
      : { ...opened, command: "backup", type: given.full ? "full" : "incr" };
  }
  const into = given.into ?? "restored";
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(into) || into === "main") {
    throw new Misuse("--into: is a name of small letters, digits and dashes, and not main.");
  }
  const port = given.port === undefined ? undefined : Number(given.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Misuse("--port: is no port.");
  }
  return {
    ...opened,
    command: "restore",
    into,
    ...(given.at === undefined ? {} : { at: readMoment(given.at) }),
    ...(port === undefined ? {} : { port }),
  };
}
