/** `examples/assistant` beside a stack: its page, its agent in a process of its own, and a calendar to connect. */
import { join } from "node:path";
import { connect } from "../database/connect.ts";
import { demoPassword, listDemoPeople } from "../people.ts";
import { ASSISTANT, buildAssistant } from "./build.ts";
import { serveCalendar } from "./calendar.ts";
import { makeCredentials } from "./credentials.ts";
import { servePages } from "./serve.ts";

/** What it needs to know of the stack. */
export interface AssistantOptions {
  apiUrl: string;
  publishableKey: string;
  /** The operator's, who makes the agents' credentials with it. No agent has it. */
  secretKey: string;
  /** From it the people of the seed are read, who can be tried with one click. */
  dbUrl: string;
  /** 0: any free one. */
  port: number;
  log: (line: string) => void;
}

/** The example, running. */
export interface Assistant {
  url: string;
  /** Resolves when the page is built and the agent listens. */
  ready: Promise<void>;
  /** Halts the agent in the middle of what it does, or lets it go on: what a test looks at meanwhile stays. */
  holdAgent(isHeld: boolean): void;
  stop(): Promise<void>;
}

/** Starts it: the URL answers at once, and what is there says so while the page is built. */
export async function startAssistant(
  options: AssistantOptions,
): Promise<Assistant> {
  const { apiUrl, publishableKey, secretKey, port, log } = options;
  const sql = connect(options.dbUrl);
  const [people, calendar] = await Promise.all([listDemoPeople(sql), serveCalendar(sql)])
    .finally(() => sql.end());
  const demo = {
    password: demoPassword,
    people: people.map(({ email, places }) => ({ email, places })),
  };
  const built = buildAssistant();
  const pages = await servePages({
    port,
    built,
    config: () => ({
      url: apiUrl,
      key: publishableKey,
      ...people.length > 0 ? { demo } : {},
    }),
  });
  let agent: Deno.ChildProcess | null = null;
  let isStopped = false;
  const ready = Promise.all([built, makeCredentials(apiUrl, secretKey)]).then(([, agents]) => {
    if (isStopped || agents === "") return;
    agent = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        "--no-check",
        join(ASSISTANT, "agent/main.ts"),
      ],
      cwd: ASSISTANT,
      env: {
        SUPABASE_URL: apiUrl,
        SUPABASE_PUBLISHABLE_KEY: publishableKey,
        GROUNDWORK_AGENTS: agents,
      },
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    agent.status.then(({ success }) => {
      if (!success && !isStopped) log("The assistant's agent has ended.");
    });
  });
  ready.catch((error) => log(`The assistant could not be built: ${error.message}`));
  return {
    url: pages.url,
    ready,
    holdAgent: (isHeld) => agent?.kill(isHeld ? "SIGSTOP" : "SIGCONT"),
    async stop() {
      isStopped = true;
      await pages.stop();
      await calendar?.[Symbol.asyncDispose]();
      await ready.catch(() => {});
      try {
        agent?.kill("SIGTERM");
        agent?.kill("SIGCONT");
      } catch {
        // It has ended by itself.
      }
      await agent?.status;
    },
  };
}
