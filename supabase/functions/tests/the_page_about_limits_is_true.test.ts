import { assertDeepEquals } from "../_shared/asserts.ts";
import { connect } from "./world.ts";

const sql = connect();
Deno.test.afterAll(() => sql.end());

const page = new URL("../../../docs/limits.md", import.meta.url);

Deno.test("docs/limits.md has each limit with what each plan has of it", async () => {
  const written = (await Deno.readTextFile(page)).split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const rows = await sql<{ line: string[] }[]>`
    select json_build_array(
      '\`' || known.name || '\`', known.subject, replace(known.period, '_', ' '), known.description,
      coalesce(free.value::text, 'no bound'), coalesce(team.value::text, 'no bound'),
      coalesce(business.value::text, 'no bound')) as line
    from private.limits as known
    join public.plan_limits as free on free.name = known.name and free.plan = 'free'
    join public.plan_limits as team on team.name = known.name and team.plan = 'team'
    join public.plan_limits as business on business.name = known.name and business.plan = 'business'
    order by known.name collate "C"`;
  const expected = rows.map(({ line }) => typeof line === "string" ? JSON.parse(line) : line);
  assertDeepEquals(written, expected);
});
