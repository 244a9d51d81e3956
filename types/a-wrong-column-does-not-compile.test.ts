import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

// Each pair differs in one name only, so that what is refused is refused for that name.
const PAIRS = [
  {
    what: "a column that is read",
    right: `const { data } = await client.from("agents").select("slug");
            export const slug: string | undefined = data?.[0]?.slug;`,
    wrong: `const { data } = await client.from("agents").select("slog");
            export const slug: string | undefined = data?.[0]?.slog;`,
    name: "slog",
  },
  {
    what: "a column that is written",
    right: `await client.from("agents").update({ description: "new" });`,
    wrong: `await client.from("agents").update({ descriptoin: "new" });`,
    name: "descriptoin",
  },
  {
    what: "a table",
    right: `await client.from("agents").select();`,
    wrong: `await client.from("agent").select();`,
    name: "agent",
  },
  {
    what: "a column of a row's type",
    right: `export const name = (row: Row<"workspaces">): string => row.slug;`,
    wrong: `export const name = (row: Row<"workspaces">): string => row.slugg;`,
    name: "slugg",
  },
  {
    what: "a column of claimed work",
    right: `runWorker({ queue: "agents", transport: rpcTransport(client),
              handler: ({ work }) => ({ outcome: { description: work.name } }) });`,
    wrong: `runWorker({ queue: "agents", transport: rpcTransport(client),
              handler: ({ work }) => ({ outcome: { description: work.nam } }) });`,
    name: "nam",
  },
];

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

type Kind = "right" | "wrong";
const KINDS: Kind[] = ["right", "wrong"];
const fileOf = (place: number, kind: Kind) => `${place}-${kind}.ts`;

/** As strict as Deno, with which the project checks itself. */
const SETTINGS = [
  ...["--ignoreConfig", "--noEmit", "--strict", "--noUncheckedIndexedAccess", "--skipLibCheck"],
  ...["--module", "esnext", "--moduleResolution", "bundler", "--allowImportingTsExtensions"],
  ...["--target", "esnext", "--lib", "dom,dom.iterable,esnext", "--pretty", "false"],
];

/**
 * Type-checks all programs at once, each in a file of its own: most of the time goes to the types of the
 * client, which are the same for all. By TypeScript's own program, which takes a third of Deno's time.
 *
 * @returns what was said about each file, by its name
 */
async function compile(): Promise<Map<string, string>> {
  await Deno.mkdir(`${PROJECT}.local`, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: `${PROJECT}.local` });
  try {
    const files: string[] = [];
    for (const [place, pair] of PAIRS.entries()) {
      for (const kind of KINDS) {
        files.push(`${folder}/${fileOf(place, kind)}`);
        await Deno.writeTextFile(
          `${folder}/${fileOf(place, kind)}`,
          `import { createGroundworkClient, type Row } from "../../types/client.ts";
           import { rpcTransport, runWorker } from "../../types/worker.ts";
           export type Used = Row<"agents">;
           export const used = [rpcTransport, runWorker];
           const client = createGroundworkClient("http://127.0.0.1", "key");
           export default client;
           ${pair[kind]}`,
        );
      }
    }
    const { stdout } = await new Deno.Command("node", {
      args: ["node_modules/typescript/lib/tsc.js", ...SETTINGS, ...files],
      cwd: PROJECT,
      stdout: "piped",
      stderr: "inherit",
    }).output();
    return readErrors(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Sorts what was said by the file that it was said about; what belongs to none is an error of the test. */
function readErrors(output: string): Map<string, string> {
  const errors = new Map<string, string>();
  for (const error of output.trim().split(/\n(?=\S)/)) {
    const name = /^\S*\/(\d+-(?:right|wrong)\.ts)\(\d+,\d+\): error /.exec(error)?.[1];
    assert.ok(name, error);
    errors.set(name, (errors.get(name) ?? "") + error);
  }
  assert.ok(errors.size > 0, output);
  return errors;
}

const errors = await compile();

for (const [place, { what, name }] of PAIRS.entries()) {
  Deno.test(`${what} that does not exist is a compile error, its twin compiles`, () => {
    assert.equal(errors.get(fileOf(place, "right")), undefined);
    assert.match(errors.get(fileOf(place, "wrong")) ?? "", new RegExp(`TS\\d+[^]*'"?${name}"?'`));
  });
}
