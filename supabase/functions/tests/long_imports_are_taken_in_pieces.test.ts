import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createClient } from "@supabase/supabase-js";
import { ask, connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, admin, member } = world;
Deno.test.afterAll(() => sql.end());

const clientOf = ({ token }: { token: string }) =>
  createClient(environment.url, environment.publishableKeys.default ?? "", {
    global: { headers: { authorization: `Bearer ${token}` } },
    auth: { persistSession: false, autoRefreshToken: false },
  });
const fresh = () => crypto.randomUUID().slice(0, 8);

/** Begins an import of a text as an unmodified client does. */
async function begin(
  body: string | Uint8Array<ArrayBuffer>,
  on_error: "reject" | "skip",
  as = admin,
) {
  const client = clientOf(as);
  const path = `${workspace}/${as.id}/${fresh()}.csv`;
  const put = await client.storage.from("attachments").upload(path, new Blob([body]));
  assertEquals(put.error, null, put.error?.message);
  const { data, error } = await client.from("lead_imports")
    .insert({ workspace_id: workspace, path, on_error }).select().single();
  return { client, id: data?.id as string, error };
}

/** The job, until the import has ended; what was seen on the way. */
async function end({ client, id }: { client: ReturnType<typeof clientOf>; id: string }) {
  const seen: string[] = [];
  for (let round = 0; round < 100; round++) {
    const told = await ask("POST", "/leads/import-due", { as: "service", body: {} });
    assertEquals(told.status, 200, JSON.stringify(told.body));
    const { data } = await client.from("lead_imports").select().eq("id", id).single();
    seen.push(`${data.status} ${data.rows_read}`);
    if (data.finished_at) {
      const file = data.report_path
        ? await client.storage.from("attachments").download(data.report_path)
        : null;
      return { row: data, seen, report: (await file?.data?.text())?.split("\r\n") ?? [] };
    }
  }
  throw new Error(`no end: ${seen.join(", ")}`);
}

async function leadsOf(parcel: string) {
  const [row] = await sql`
    select count(*)::integer as n from public.leads
    where workspace_id = ${workspace} and parcel like ${parcel + "%"}`;
  return row?.n;
}

Deno.test("thousands of rows are taken in pieces, and the report is a file that its person reads", async () => {
  const parcel = fresh();
  const rows = Array.from(
    { length: 2500 },
    (_, n) =>
      n === 1700
        ? `TX,Travis,${parcel}-3,"twice, in a later piece"`
        : n === 1800
        ? `TX,Travis,${parcel}-${n},"a note\r\nin two lines, with a "" quote"`
        : n === 2000
        ? `TX,Travis,,none`
        : `TX,Travis,${parcel}-${n},`,
  );
  const begun = await begin(
    `sep=,\r\nLeads of May,,,\r\nState,County,APN,Notes\r\n${rows.join("\r\n")}`,
    "skip",
  );
  const { row, report } = await end(begun);
  assertDeepEquals(
    [row.status, row.rows_total, row.rows_read, row.rows_taken, row.rows_refused, row.error_code],
    ["done", 2500, 2500, 2498, 2, null],
  );
  assertEquals(await leadsOf(parcel), 2498);
  assertEquals(report.length, 2502);
  assert(report[1701]?.startsWith("1701,refused,,duplicate_row,parcel,"), report[1701]);
  assert(report[2001]?.startsWith("2001,refused,,missing_value,parcel,"), report[2001]);
  assert(/^1801,inserted,[0-9a-f-]{36},,,$/.test(report[1801] ?? ""), report[1801]);
  const [kept] = await sql`select count(*)::integer as n from private.lead_import_keys`;
  assertEquals(kept?.n, 0);
});

Deno.test("one bad row at the end and nothing of a long file is imported; a good file is", async () => {
  const parcel = fresh();
  const rows = Array.from(
    { length: 1500 },
    (_, n) => `TX,Travis,${parcel}-${n},${n === 1499 ? "old" : ""}`,
  );
  const table = (lines: string[]) => `state,county,parcel,year_built\n${lines.join("\n")}\n`;
  const refused = await end(await begin(table(rows), "reject"));
  assertDeepEquals([refused.row.status, refused.row.rows_refused], ["refused", 1]);
  assert(
    refused.report[1500]?.startsWith("1500,refused,,invalid_value,year_built"),
    refused.report[1500],
  );
  assertEquals(await leadsOf(parcel), 0);
  const good = await end(await begin(table(rows.slice(0, -1)), "reject"));
  assertDeepEquals([good.row.status, good.row.rows_taken], ["done", 1499]);
  assertEquals(await leadsOf(parcel), 1499);
});

Deno.test("every encoding is cut between rows, and says the same", async () => {
  const parcel = fresh();
  const text = `State;County;APN;Owner\r\n${
    Array.from({ length: 1200 }, (_, n) => `TX;Travis;${parcel}-${n};Muñoz ${n}`).join("\r\n")
  }`;
  const wide = new Uint8Array(2 + 2 * text.length);
  wide.set([0xff, 0xfe]);
  for (const [at, one] of [...text].entries()) wide[2 + 2 * at] = one.charCodeAt(0);
  const files = [
    Uint8Array.from(text, (one) => one.charCodeAt(0)),
    wide,
    new TextEncoder().encode(`\uFEFF${text}`),
    new TextEncoder().encode(text.replaceAll("\r\n", "\r")),
  ];
  for (const file of files) {
    const { row } = await end(await begin(file, "skip"));
    assertDeepEquals(
      [row.status, row.rows_taken, row.rows_total],
      ["done", 1200, 1200],
      row.error_message,
    );
  }
  const [lead] = await sql`
    select owner_name from public.leads where workspace_id = ${workspace} and parcel = ${
    parcel + "-1199"
  }`;
  assertEquals(lead?.owner_name, "Muñoz 1199");
});

Deno.test("a piece that is taken again, by whoever was late, is counted once", async () => {
  const parcel = fresh();
  const begun = await begin(`state,county,parcel\nTX,Travis,${parcel}\n`, "skip");
  const rows = [{ state: "TX", county: "Travis", parcel }];
  const format = { encoding: "utf-8", separator: ",", newline: "\n", first_byte: 20 };
  await sql`select private.start_lead_import(${begun.id}, ${sql.json(format)}, '[]', 1)`;
  const take = () =>
    sql`select private.import_lead_piece(${begun.id}, 20, 39, ${sql.json(rows)}, true) as status`;
  await Promise.all([take(), take()]);
  const { data } = await begun.client.from("lead_imports").select().eq("id", begun.id).single();
  assertDeepEquals([data.status, data.rows_read, data.rows_taken], ["reporting", 1, 1]);
  assertEquals((await end(begun)).row.status, "done");
});

Deno.test("what cannot be imported says why, and who may not begin one does not", async () => {
  const unknown = await end(await begin("state,county,parcel,Moon\nTX,Travis,1,full\n", "reject"));
  assertDeepEquals([unknown.row.error_code, unknown.row.headings[3].by], [
    "unknown_headings",
    "unknown",
  ]);
  const broken = await end(await begin('state,county,parcel\nTX,"Travis,1\n', "skip"));
  assertEquals(broken.row.error_code, "invalid_csv");
  const empty = await end(await begin("state,county,parcel\n", "skip"));
  assertEquals(empty.row.error_code, "invalid_items");
  assertEquals((await begin("state\n", "skip", member)).error?.code, "42501");
  const client = clientOf(admin);
  const others = `${workspace}/${member.id}/leads.csv`;
  assertEquals(
    (await client.from("lead_imports").insert({ workspace_id: workspace, path: others })).error
      ?.code,
    "invalid_value",
  );
  const gone = await client.from("lead_imports")
    .insert({ workspace_id: workspace, path: `${workspace}/${admin.id}/gone.csv` }).select()
    .single();
  assertEquals((await end({ client, id: gone.data?.id })).row.error_code, "not_found");
});

Deno.test("a person has so many under way, and one that is deleted stops", async () => {
  const ids = [];
  for (let n = 0; n < 2; n++) {
    ids.push((await begin("state,county,parcel\nTX,Travis,9\n", "skip")).id);
  }
  const third = await begin("state,county,parcel\nTX,Travis,9\n", "skip");
  assertEquals(third.error?.code, "limit_reached");
  const client = clientOf(admin);
  for (const id of ids) await client.from("lead_imports").delete().eq("id", id);
  const fourth = await begin("state,county,parcel\nTX,Travis,9\n", "skip");
  assertEquals(fourth.error, null);
  assertEquals((await end(fourth)).row.status, "done");
});
