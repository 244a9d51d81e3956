/**
 * A real browser: found on the machine, on Debian and Ubuntu as root installed; started with a profile of its own,
 * driven by Playwright.
 */
import { type Browser, chromium } from "playwright-core";
import { provideProgram } from "../services/machine-programs.ts";
import { waitUntil } from "../services/processes.ts";

const CHROMIUM = {
  names: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
  package: "chromium",
};
/** It asks nobody but who it is sent to, and needs neither a screen nor a user who may use namespaces. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];

/** The path of a Chromium; null where there is none and none can be installed. */
export const provideChromium = (log: (line: string) => void): Promise<string | null> =>
  provideProgram(CHROMIUM, log);

/** Starts a browser with an empty profile, lends it, and ends it. */
export async function withBrowser<T>(
  program: string,
  body: (browser: Browser) => Promise<T>,
): Promise<T> {
  const profile = await Deno.makeTempDir({ prefix: "groundwork-browser-" });
  const process = new Deno.Command(program, {
    args: [...ARGUMENTS, `--user-data-dir=${profile}`, "about:blank"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    // It writes there on which port it can be driven.
    const file = `${profile}/DevToolsActivePort`;
    let port = "";
    await waitUntil("Chromium to start", async () => {
      [port = ""] = (await Deno.readTextFile(file).catch(() => "")).split("\n");
      return port !== ""; // the file is there a moment before what is in it
    }, 60_000);
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    try {
      return await body(browser);
    } finally {
      await browser.close();
    }
  } finally {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await process.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}
