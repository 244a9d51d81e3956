/** Makes all calls on a stack, one after the other, and says what came of each. */
import { createClient } from "@supabase/supabase-js";
import { account } from "./calls/account.ts";
import { admin } from "./calls/admin.ts";
import { factors } from "./calls/factors.ts";
import { files } from "./calls/files.ts";
import { filters } from "./calls/filters.ts";
import { functions } from "./calls/functions.ts";
import { modifiers } from "./calls/modifiers.ts";
import { buckets } from "./calls/buckets.ts";
import { realtime } from "./calls/realtime.ts";
import { sessions } from "./calls/sessions.ts";
import { tables } from "./calls/tables.ts";
import { vectors } from "./calls/vectors.ts";
import { listMethods } from "./methods.ts";
import type { Outcomes } from "./page.ts";
import type { Calls, World } from "./world.ts";

const all: Calls = {
  ...sessions,
  ...account,
  ...admin,
  ...factors,
  ...buckets,
  ...files,
  ...vectors,
  ...tables,
  ...filters,
  ...modifiers,
  ...functions,
  ...realtime,
};

/** What was found, and what is wrong with the calls themselves. */
export interface Findings {
  outcomes: Outcomes;
  problems: string[];
}

/**
 * Makes every call. A method that none of them has called, and a call that does not do what its name
 * says, is a problem.
 */
export async function makeCalls(world: World): Promise<Findings> {
  const outcomes: Outcomes = new Map();
  const problems: string[] = [];
  for (const [name, call] of Object.entries(all)) {
    const called = new Set<string>();
    world.listen((method) => called.add(method));
    const [method = ""] = name.split(": ");
    try {
      outcomes.set(name, await call(world));
      if (!called.has(method)) problems.push(`${name} has not called ${method}`);
    } catch (error) {
      problems.push(`${name}: ${describe(error)}`);
    }
  }
  const covered = new Set(Object.keys(all).map((name) => name.split(": ")[0]));
  // A client that asks nobody: only what it has is of interest.
  for (const method of listMethods(createClient("http://127.0.0.1:1", "none"))) {
    if (!covered.has(method)) problems.push(`${method} is called by nobody`);
  }
  return { outcomes, problems };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  const cause = error.cause ? ` (${describe(error.cause)})` : "";
  return `${error.message}${cause}`;
}
