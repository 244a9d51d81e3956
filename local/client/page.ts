/** docs/local-stack.md: between its two marks stand the methods, as the calls found them. */
import { PROJECT } from "../testing/deno-test.ts";
import type { Outcome } from "./outcome.ts";

/** Which database a column is about. */
export type Column = "embedded" | "real";
/** What came of each call, by its name. */
export type Outcomes = Map<string, Outcome>;

export const pagePath = `${PROJECT}/docs/local-stack.md`;
const begin = "<!-- From here on: npm run local-stack -->";
const end = "<!-- Until here -->";

/** By how a call's name begins; the first that fits. */
const sections: [RegExp, string][] = [
  [/^auth\.admin\./, "Auth, with the secret key"],
  [/^auth\.mfa\./, "Auth: a second factor"],
  [/^auth\.(oauth|passkey)\./, "Auth: passkeys, and being a provider"],
  [/^auth\./, "Auth"],
  [/^storage\.from\(\)\./, "Storage: objects"],
  [/^storage\.(vectors|analytics)/, "Storage: vectors and analytics"],
  [/^storage\./, "Storage: buckets"],
  [/^from\(\)\.select\(\)\./, "Data API: filters and modifiers"],
  [/^functions\./, "Functions"],
  [/^(channel\(\)|realtime)\.|^(channel|getChannels|remove\w*Channels?)\b/, "Realtime"],
  [/^/, "Data API"],
];

/** The page with a table of what the calls found. */
export function writePage(page: string, embedded: Outcomes, real: Outcomes): string {
  const rows = new Map<string, string[]>();
  for (const [name, outcome] of embedded) {
    const title = sections.find(([pattern]) => pattern.test(name))?.[1] ?? "";
    const [method, ...more] = name.split(": ");
    const cell = [`\`${method}\``, ...more].join(": ");
    const section = rows.get(title) ?? [];
    section.push(`| ${cell} | ${outcome} | ${real.get(name) ?? "not called"} |`);
    rows.set(title, section);
  }
  const tables = [...rows].map(([title, lines]) =>
    [
      `## ${title}`,
      "",
      "| called | on the embedded database | on a real Postgres |",
      "| --- | --- | --- |",
      ...lines.sort(),
      "",
    ].join("\n")
  );
  const [before, , after] = cut(page);
  return `${before}${begin}\n\n${tables.join("\n")}\n${end}${after}`;
}

/** What the page says in a column. */
export function readPage(page: string, column: Column): Outcomes {
  const outcomes: Outcomes = new Map();
  for (const line of cut(page)[1].split("\n")) {
    const [, method, more = "", embedded, real] =
      /^\| `([^`]+)`(: .*?)? +\| (.*?) +\| (.*?) +\|$/.exec(line) ?? [];
    const outcome = column === "embedded" ? embedded : real;
    if (method !== undefined && outcome !== undefined) outcomes.set(method + more, outcome);
  }
  return outcomes;
}

function cut(page: string): [string, string, string] {
  const [before, rest] = page.split(begin);
  const [made, after] = rest?.split(end) ?? [];
  if (before === undefined || made === undefined || after === undefined) {
    throw new Error(`${pagePath} has lost its marks: ${begin} and ${end}`);
  }
  return [before, made, after];
}
