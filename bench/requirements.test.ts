import { assertDeepEquals } from "../supabase/functions/_shared/asserts.ts";
import { provide } from "./requirements.ts";

Deno.test("all that is missing is said at once, and nothing is looked for twice", async () => {
  const asked: string[] = [];
  const having = (name: string, problem: string | null) => () => {
    asked.push(name);
    return Promise.resolve(problem);
  };
  const missing = await provide(["postgres", "wrk", "redis", "postgres", "langgraph"], () => {}, {
    postgres: having("postgres", "no Postgres"),
    redis: having("redis", null),
    wrk: having("wrk", "no wrk"),
    langgraph: having("langgraph", null),
  });
  assertDeepEquals(missing, ["no Postgres", "no wrk"]);
  assertDeepEquals(asked, ["postgres", "wrk", "redis", "langgraph"]);
});

Deno.test("what needs a program says so before it is run", async () => {
  // A bench that runs a program of its own has it among its requirements.
  const table = await Deno.readTextFile(new URL("./run.ts", import.meta.url));
  const imports = table.matchAll(/import \{ bench[^}]+\} from "\.\/([\w-]+)\.ts"/g);
  const files = [...imports].map(([, file]) => file!);
  const lacking: string[] = [];
  for (const file of files) {
    const source = await Deno.readTextFile(new URL(`./${file}.ts`, import.meta.url));
    const [entry = ""] = table.match(new RegExp(`^  "?${file}"?: \\{.*\\},$`, "m")) ?? [];
    const needs = {
      postgres: /startBenchDatabase/,
      redis: /redis: "auto"/,
      wrk: /run\("wrk"/,
      langgraph: /chat-patterns|langgraph/,
    };
    if (entry === "") lacking.push(`${file} is not in the table`);
    for (const [name, sign] of Object.entries(needs)) {
      if (sign.test(source) && !entry.includes(`"${name}"`)) lacking.push(`${file} needs ${name}`);
    }
  }
  assertDeepEquals(lacking, []);
});
