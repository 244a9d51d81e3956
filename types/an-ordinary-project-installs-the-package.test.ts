/**
 * The tarball in a project that knows nothing of this one, with the settings that TypeScript, Next.js and Vite make by
 * themselves. It is installed once for all that is looked at here.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { installBareProject } from "../local/package/bare-project.ts";
import { readManifest, runIn } from "../local/package/build.ts";
import { PROJECT } from "../local/testing/deno-test.ts";

const project = await installBareProject();
await project.install("bare-next");
Deno.test.afterAll(() => project.remove());
const { name, exports } = await readManifest();
const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");

/** Imports all that the package offers, and says something typed with it. */
const program = (column: string) => `
${entries.map((entry, n) => `import * as part${n} from "${join(name, entry)}";`).join("\n")}
import { createGroundworkClient, type Row } from "${name}";
const parts = [${entries.map((_, n) => `part${n}`).join(", ")}];
export const groundwork = createGroundworkClient("http://127.0.0.1:54321", "key");
export const slugOf = (agent: Row<"agents">): string => agent.${column};
export const asked = () => groundwork.from("agents").select("${column}").eq("status", "published");
console.log(JSON.stringify(parts.map((part) => Object.keys(part).length > 0)));
`;
const allThere = JSON.stringify(entries.map(() => true));
/** What create-next-app 16.4 writes, but for the types that \`next\` itself brings. */
const nextTsconfig = {
  compilerOptions: {
    target: "ES2017",
    lib: ["dom", "dom.iterable", "esnext"],
    allowJs: true,
    skipLibCheck: true,
    strict: true,
    noEmit: true,
    esModuleInterop: true,
    module: "esnext",
    moduleResolution: "bundler",
    resolveJsonModule: true,
    isolatedModules: true,
    jsx: "react-jsx",
    incremental: true,
    plugins: [{ name: "next" }],
    paths: { "@/*": ["./*"] },
  },
  include: ["next-env.d.ts", "**/*.ts", "**/*.tsx", ".next/types/**/*.ts", "**/*.mts"],
  exclude: ["node_modules"],
};

/** Type-checks the program, and one that asks for a column that does not exist. */
async function checkTypes(folder: string): Promise<void> {
  const check = () => project.bin("tsc", "--noEmit", "--project", folder);
  await project.write({ [`${folder}/index.ts`]: program("slug") });
  await check();
  await project.write({ [`${folder}/index.ts`]: program("slog") });
  await assert.rejects(check, /Property 'slog' does not exist/);
  await project.write({ [`${folder}/index.ts`]: program("slug") });
}

Deno.test("it compiles with the tsconfig of `tsc --init`, and a wrong column does not", async () => {
  await project.write({ "plain/package.json": `{"type": "module"}` });
  await runIn(join(project.folder, "plain"), "../node_modules/.bin/tsc", "--init");
  await checkTypes("plain");
});

Deno.test("it compiles with the tsconfig of Next.js, and a wrong column does not", async () => {
  await project.write({ "next/tsconfig.json": JSON.stringify(nextTsconfig) });
  await checkTypes("next");
});

/** An app of Next.js whose page uses every hook, for nothing that is there yet. */
const nextApp = {
  "tsconfig.json": JSON.stringify(nextTsconfig),
  "app/layout.tsx": `import type { ReactNode } from "react";
export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}`,
  "app/page.tsx": `import { Talk } from "./talk";
export default function Page() {
  return <Talk />;
}`,
  "app/talk.tsx": `"use client";
import { createGroundworkClient, type Row } from "${name}";
import { useBackgroundQuery, useConversation, usePresence, useStream } from "${name}/react";
const groundwork = createGroundworkClient("http://127.0.0.1:54321", "key");
export function Talk({ talk }: { talk?: Row<"conversations"> }) {
  const { messages } = useConversation(groundwork, talk?.id ?? null);
  const { members } = usePresence(groundwork, talk?.workspace_id ?? null);
  const { status } = useStream(groundwork, null);
  const report = useBackgroundQuery(groundwork, null, "report");
  return <p>{[messages.length, members.length, status, report.status].join(" ")}</p>;
}`,
};

Deno.test("Next.js builds an app with the hooks, and renders its page without a browser", async () => {
  const folder = "bare-next";
  await project.write(Object.fromEntries(
    Object.entries(nextApp).map(([file, text]) => [`${folder}/${file}`, text]),
  ));
  await project.node(`${folder}/node_modules/next/dist/bin/next`, "build", folder);
  const page = await Deno.readTextFile(
    join(project.folder, folder, ".next/server/app/index.html"),
  );
  assert.match(page, /<p>0 0 idle idle<\/p>/);
});

Deno.test("its program for zod writes schemas that compile and fit the types, and says what it takes", async () => {
  const folder = "bare-next/zod";
  await project.write({ [`${folder}/package.json`]: `{"type": "module"}` });
  await project.bin("groundwork-zod", `${folder}/schemas.ts`);
  const types = await Deno.readTextFile(join(PROJECT, "types/database.types.ts"));
  const tables = /\n {4}Tables: \{\n([^]*?)\n {4}\};/.exec(types)?.[1] ?? "";
  const names = [...tables.matchAll(/^ {6}"?(\w+)"?: \{$/gm)].map(([, table = ""]) => table);
  assert.ok(names.length > 50);
  const schemaOf = (table: string) =>
    table.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  // What passes may be inserted, and is a row.
  const fits = names.flatMap((table) =>
    ["Row", "Insert", "Update"].map((form) =>
      `export const ${table}${form} = (given: z.output<typeof schemas.${
        schemaOf(table)
      }${form}Schema>):` +
      ` Tables["${table}"]["${form}"] => given;`
    )
  );
  const program = (lines: string[]) =>
    `import type { z } from "zod";
import type { Database } from "${name}/database.types";
import * as schemas from "./schemas.js";
type Tables = Database["public"]["Tables"];
${lines.join("\n")}\n`;
  await runIn(join(project.folder, folder), "../../node_modules/.bin/tsc", "--init");
  await project.write({ [`${folder}/index.ts`]: program(fits) });
  const check = () => project.bin("tsc", "--noEmit", "--project", folder);
  await check();
  const wrong = fits.map((line) =>
    line.replace(`Tables["agents"]["Row"]`, `Tables["members"]["Row"]`)
  );
  await project.write({ [`${folder}/index.ts`]: program(wrong) });
  await assert.rejects(check, /error TS2739: .*"role"/);
  await assert.rejects(project.bin("groundwork-zod"), /usage: groundwork-zod/);
});

Deno.test("the examples of docs/client.md compile, a program with a wrong name does not", async () => {
  const page = await Deno.readTextFile(join(PROJECT, "docs/client.md"));
  const blocks = [...page.matchAll(/```tsx?\n\/\/ (\S+)\n([^]*?)```/g)];
  const files = blocks.map(([, file, text = ""]) => [`plain/examples/${file}`, text]);
  assert.equal(files.length, page.match(/```tsx?\n/g)?.length, "every example names its file");
  for (const entry of entries.filter((one) => one !== "./database.types")) {
    assert.ok(page.includes(`from "${join(name, entry)}"`), `an example of ${entry}`);
  }
  await project.write(Object.fromEntries(files));
  const check = () => project.bin("tsc", "--noEmit", "--project", "plain");
  await check();
  const wrong = page.replace(/[^]*\/\/ talk.tsx\n([^]*?)```[^]*/, "$1").replace(
    "loadOlder,",
    "older,",
  );
  await project.write({ "plain/examples/wrong.tsx": wrong });
  await assert.rejects(check, /Property 'older' does not exist/);
  await Deno.remove(join(project.folder, "plain/examples"), { recursive: true });
});

Deno.test("Node 22 runs what was compiled, also from CommonJS", async () => {
  await project.bin("tsc", "--project", "plain", "--outDir", "plain/out");
  assert.equal((await project.node("plain/out/index.js")).trim(), allThere);
  await project.write({
    "old.cjs": `console.log(typeof require("${name}").createGroundworkClient)`,
  });
  assert.match(await project.node("--no-warnings", "old.cjs"), /^function/);
});

Deno.test("Deno checks and runs it", async () => {
  await project.write({ "deno.json": `{"nodeModulesDir": "manual"}`, "main.ts": program("slug") });
  const said = await runIn(
    project.folder,
    Deno.execPath(),
    "run",
    "--check",
    "--allow-env",
    "main.ts",
  );
  assert.equal(said.trim().split("\n").at(-1), allThere);
});

Deno.test("its program for drizzle completes a folder, and says what it takes", async () => {
  await project.write({
    "orm/schema.ts":
      `export const talks = pgTable("talks", { name: text().default(').notNull() });`,
    "orm/relations.ts": `import { talks } from "./schema";`,
  });
  await project.bin("groundwork-drizzle", "orm");
  const read = (file: string) => Deno.readTextFile(join(project.folder, "orm", file));
  assert.match(await read("schema.ts"), /default\(''\)/);
  assert.match(await read("relations.ts"), /"\.\/schema\.js"/);
  await assert.rejects(project.bin("groundwork-drizzle"), /usage: groundwork-drizzle/);
});

Deno.test("Vite builds it for browsers", async () => {
  await project.write({
    "web/index.html": `<!doctype html><script type="module" src="./index.ts"></script>`,
    "web/index.ts": program("slug"),
  });
  assert.match(await project.bin("vite", "build", "web"), /built in/);
});

/** Bytes that the package may add to a page that has supabase-js and React already, compressed. */
const mostBytes = 10 * 1024;
/** Only a product of several servers needs these: each has a bound of its own, and is not in the sum of the others. */
const apart = { entries: ["./cells", "./replicas"], mostBytes: 1024 };
const isApart = (entry = "") => apart.entries.includes(entry);
/** Builds each module, minified, without what the page has already; prints its size. */
const sizes = `
import { gzipSync } from "node:zlib";
import { build } from "vite";
for (const entry of process.argv.slice(2)) {
  const { output } = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      rollupOptions: {
        input: entry,
        preserveEntrySignatures: "strict",
        external: [/^@supabase\\//, /^react/],
      },
    },
  });
  const code = output.filter(({ type }) => type === "chunk").map(({ code }) => code).join("");
  console.log(entry, gzipSync(code).length);
}`;

Deno.test("each import, and all that every product needs, add at most 10 KB to a page, compressed", async () => {
  const all = entries.map((entry) => `export * from "${join(name, entry)}";`);
  const files = all.map((text, n) => [`sizes/${n}.ts`, text]);
  await project.write({
    ...Object.fromEntries(files),
    "sizes/all.ts": all.filter((_, n) => !isApart(entries[n])).join("\n"),
    "sizes.mjs": sizes,
  });
  const inputs = [...files.map(([file = ""]) => file), "sizes/all.ts"];
  const said = (await project.node("sizes.mjs", ...inputs)).trim().split("\n");
  assert.equal(said.length, inputs.length);
  for (const [n, line] of said.entries()) {
    const bytes = Number(line.split(" ")[1]);
    console.log(`${entries[n] ?? "all"}: ${bytes} bytes`);
    assert.ok(
      bytes > 20 && bytes <= (isApart(entries[n]) ? apart.mostBytes : mostBytes),
      line,
    );
  }
});
