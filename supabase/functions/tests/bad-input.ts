/**
 * One table: what is sent where, what is answered; and whatever was refused wrote nothing. The files
 * that `refuse_bad_input` have a part of it each.
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, type Said, type Someone } from "./world.ts";

const sql = connect();

/** What is asked, and how it is refused: with which code, and of what its message speaks. */
export type Row = [
  method: string,
  path: string,
  said: Said,
  status: number,
  code: string,
  message?: string,
];

/** Of a world of the file's own. */
export const world = await createWorld(sql);
const { workspace, admin } = world;

/** The id of nothing. */
export const unknown = crypto.randomUUID();
/** What names the workspace. */
export const room = { workspace_id: workspace };

export const asAdmin = (body: unknown): Said => ({ as: admin, body });
export const asService = (body: unknown): Said => ({ as: "service", body });

const json = { "content-type": "application/json" };

/** What no route takes that takes a body. */
export function bodies(method: string, path: string, as: Said["as"]): Row[] {
  return [
    [method, path, { as, headers: json }, 400, "invalid_json"],
    [method, path, { as, body: "{" }, 400, "invalid_json"],
    [method, path, { as, body: "[]" }, 400, "invalid_body", "body"],
    [method, path, { as, body: '"text"' }, 400, "invalid_body", "body"],
    [method, path, { as, body: { colour: 1 } }, 400, "invalid_body"],
    [
      method,
      path,
      { as, body: "a=1", headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    [method, path, { as, body: `"${"x".repeat(5_000_000)}"` }, 413, "body_too_large"],
  ];
}

async function count() {
  const [row] = await sql`
    select
      (select count(*) from public.audit_log where workspace_id = ${workspace}) as audit,
      (select count(*) from public.permissions where workspace_id = ${workspace}) as permissions,
      (select count(*) from public.memories where workspace_id = ${workspace}) as memories,
      (select count(*) from public.documents where workspace_id = ${workspace}) as documents,
      (select coalesce(sum(revision), 0)::bigint from private.permission_revisions
        where user_id in (select user_id from public.members where workspace_id = ${workspace})) as revisions`;
  return row;
}

/** So many are asked by one admin: nobody is stopped for asking too often. */
const rowsOfOne = 40;

/** Asks what each row says, and reads the refusal. */
export function refuses(rows: Row[]): void {
  Deno.test("every bad input is answered with its code, and writes nothing", async (test) => {
    const admins: Someone[] = [];
    for (let row = 0; row < rows.length; row += rowsOfOne) {
      admins.push(await world.addPerson("admin"));
    }
    const before = await count();
    for (const [row, [method, path, said, status, code, message]] of rows.entries()) {
      const shared = said.as === admin ? { ...said, as: admins[row % admins.length] } : said;
      const shown = typeof said.body === "string" ? said.body : JSON.stringify(said.body) ?? "";
      await test.step(
        `${method} ${path} ${shown.slice(0, 80)} → ${status} ${code} ${message ?? ""}`,
        async () => {
          const answered = await ask(method, path, shared);
          const told = JSON.stringify(answered.body);
          assertEquals(answered.status, status, told);
          assertEquals(answered.body.error.code, code, told);
          if (message) assert(answered.body.error.message.startsWith(`${message}: `), told);
          assert(answered.headers.get("x-request-id"), "an error names its request");
        },
      );
    }
    assertDeepEquals(await count(), before);
  });
}

Deno.test.afterAll(() => sql.end());
