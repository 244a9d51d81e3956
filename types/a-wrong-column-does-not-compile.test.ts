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

/** Type-checks a program that uses the typed client. */
async function compile(body: string): Promise<{ isAccepted: boolean; output: string }> {
  await Deno.mkdir(`${PROJECT}.local`, { recursive: true });
  const file = await Deno.makeTempFile({ dir: `${PROJECT}.local`, suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      file,
      `import { createGroundworkClient, type Row } from "../types/client.ts";
       import { rpcTransport, runWorker } from "../types/worker.ts";
       export type Used = Row<"agents">;
       export const used = [rpcTransport, runWorker];
       const client = createGroundworkClient("http://127.0.0.1", "key");
       export default client;
       ${body}`,
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", file],
      cwd: PROJECT,
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).output();
    return { isAccepted: code === 0, output: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

for (const { what, right, wrong, name } of PAIRS) {
  Deno.test(`${what} that does not exist is a compile error, its twin compiles`, async () => {
    const [accepted, refused] = await Promise.all([compile(right), compile(wrong)]);
    assert.ok(accepted.isAccepted, accepted.output);
    assert.ok(!refused.isAccepted);
    assert.match(refused.output, new RegExp(`TS\\d+[^]*'"?${name}"?'`));
  });
}
