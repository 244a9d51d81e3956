import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, environment, type Said } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, admin, member, guest, outsider } = world;
Deno.test.afterAll(() => sql.end());

const csv = { "content-type": "text/csv; charset=utf-8" };
const path = (more = "") => `/leads/import?workspace_id=${workspace}${more}`;
async function count() {
  const [row] = await sql`select count(*) as n from public.leads where workspace_id = ${workspace}`;
  return row?.n;
}
const fresh = () => crypto.randomUUID().slice(0, 8);

Deno.test("CSV with quotes, line breaks, a BOM and empty fields is read as it is meant", async () => {
  const parcel = fresh();
  const body =
    `\uFEFFState,County, Parcel ,owner_name,notes,phones,estimated_value_minor,is_vacant\r\n` +
    `tx,Travis,${parcel},"Kim ""K."" O'Hara","two\nlines, one comma",(512) 555-0100;512-555-0101,25000000,yes\r\n` +
    `\r\n` +
    `TX,Hays,${parcel},,,,,\r\n`;
  const told = await ask("POST", path(), { as: admin, body, headers: csv });
  assertEquals(told.status, 200, JSON.stringify(told.body));
  assertDeepEquals(told.body.counts, {
    inserted: 2,
    updated: 0,
    unchanged: 0,
    not_imported: 0,
    refused: 0,
  });
  assertDeepEquals(told.body.rows.map((row: { row: number }) => row.row), [1, 2]);
  const [lead] = await sql`
    select state, owner_name, notes, to_jsonb(phones) as phones, estimated_value_minor, is_vacant
    from public.leads where id = ${told.body.rows[0].lead_id}`;
  assertDeepEquals({ ...lead }, {
    state: "TX",
    owner_name: `Kim "K." O'Hara`,
    notes: "two\nlines, one comma",
    phones: ["+15125550100", "+15125550101"],
    estimated_value_minor: 25_000_000,
    is_vacant: true,
  });
  const again = await ask("POST", path(), { as: admin, body, headers: csv });
  assertEquals(again.body.counts.unchanged, 2);
});

Deno.test("one bad row and nothing is imported; with skip the others are", async () => {
  const parcel = fresh();
  const body = [
    { state: "TX", county: "Travis", parcel },
    { state: "TX", county: "Travis", parcel: `${parcel}-2`, year_built: "old" },
    { state: "TX", county: "Travis", parcel },
    { state: "TX", county: "Travis", parcel: `${parcel}-4` },
  ];
  const before = await count();
  const refused = await ask("POST", path(), { as: admin, body });
  assertDeepEquals([refused.status, refused.body.error.code], [422, "rows_refused"]);
  assertDeepEquals(
    refused.body.rows.map((
      row: Record<string, unknown>,
    ) => [row.row, row.result, row.code, row.field]),
    [
      [1, "not_imported", undefined, undefined],
      [2, "refused", "invalid_value", "year_built"],
      [3, "refused", "duplicate_row", "parcel"],
      [4, "not_imported", undefined, undefined],
    ],
  );
  assertEquals(await count(), before);
  const skipped = await ask("POST", path("&on_error=skip"), { as: admin, body });
  assertEquals(skipped.status, 200);
  assertDeepEquals(skipped.body.counts, {
    inserted: 2,
    updated: 0,
    unchanged: 0,
    not_imported: 0,
    refused: 2,
  });
  assertEquals(await count(), before + 2);
});

Deno.test("a CSV row of another length than the header is refused by its number", async () => {
  const parcel = fresh();
  const body = `state,county,parcel\nTX,Travis,${parcel}\nTX,Travis\nTX,Travis,${parcel}-3,more\n`;
  const told = await ask("POST", path("&on_error=skip"), { as: admin, body, headers: csv });
  assertDeepEquals(
    told.body.rows.map((row: Record<string, unknown>) => [row.row, row.result, row.code ?? null]),
    [[1, "inserted", null], [2, "refused", "invalid_row"], [3, "refused", "invalid_row"]],
  );
});

Deno.test("a vendor's export is imported as it is meant, in whatever encoding and form", async () => {
  const parcel = fresh();
  const text =
    `sep=;\r\nProperty State;County;APN;Owner;Est. Value;Last Sale Date;Phone 1;Phone 2;DNC\r\n;;;;;;;;\r\n` +
    `TX;Travis;${parcel};Muñoz;$185,000.00;03/09/2024;(512) 555-0100;512-555-0101;Yes\r\n`;
  const windows = Uint8Array.from(text, (one) => one.charCodeAt(0));
  const form = new FormData();
  form.set("file", new File([windows], "leads.csv", { type: "application/vnd.ms-excel" }));
  const send = (body: BodyInit, headers: Record<string, string> = {}) =>
    fetch(`${environment.url}/functions/v1${path()}`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin.token}`, ...headers },
      body,
    });
  const told = await send(windows, { "content-type": "application/vnd.ms-excel" });
  const report = await told.json();
  assertEquals(told.status, 200, JSON.stringify(report));
  assertDeepEquals([report.counts.inserted, report.rows.length], [1, 1]);
  assertDeepEquals(report.headings[4], {
    heading: "Est. Value",
    column: "estimated_value_minor",
    by: "known",
  });
  const [lead] = await sql`
    select owner_name, estimated_value_minor as value, last_sale_date::text as sold,
      to_jsonb(phones) as phones, do_not_call
    from public.leads where id = ${report.rows[0].lead_id}`;
  assertDeepEquals({ ...lead }, {
    owner_name: "Muñoz",
    value: 18_500_000,
    sold: "2024-03-09",
    phones: ["+15125550100", "+15125550101"],
    do_not_call: true,
  });
  assertEquals((await (await send(form)).json()).counts.unchanged, 1);
});

Deno.test("a heading that nobody knows is told once, and the workspace may say what it means", async () => {
  const parcel = fresh();
  const rows = Array.from({ length: 20 }, (_, row) => `TX,Travis,${parcel}-${row},full`);
  const body = `state,county,parcel,Moon phase\n${rows.join("\n")}\n`;
  const before = await count();
  const refused = await ask("POST", path(), { as: admin, body, headers: csv });
  assertDeepEquals([refused.status, refused.body.error.code], [422, "unknown_headings"]);
  assertEquals(refused.body.rows, undefined);
  assertEquals(refused.body.headings[3].by, "unknown");
  assertEquals(await count(), before);
  const skipped = await ask("POST", path("&on_error=skip"), { as: admin, body, headers: csv });
  assertEquals(skipped.body.counts.inserted, 20);
  await sql`
    insert into public.import_headings (workspace_id, heading, column_name)
    values (${workspace}, 'MOON PHASE', 'tags')`;
  const kept = await ask("POST", path(), { as: admin, body, headers: csv });
  assertEquals(kept.body.counts.updated, 20, JSON.stringify(kept.body.error));
  assertEquals(kept.body.headings[3].by, "kept");
  const lacking = await ask("POST", path("&on_error=skip"), {
    as: admin,
    body: "state,county\nTX,Travis\n",
    headers: csv,
  });
  assertDeepEquals([lacking.status, lacking.body.error.code], [422, "unknown_headings"]);
});

Deno.test("thousands of rows are one request, and more than ten thousand are refused", async () => {
  const parcel = fresh();
  const lines = Array.from(
    { length: 3000 },
    (_, n) => `TX,Travis,${parcel}-${n},${n % 2 ? "Austin" : ""}`,
  );
  const body = `state,county,parcel,city\n${lines.join("\n")}`;
  const told = await ask("POST", path(), { as: admin, body, headers: csv });
  assertEquals(told.status, 200, JSON.stringify(told.body).slice(0, 300));
  assertEquals(told.body.counts.inserted, 3000);
  const many = Array.from({ length: 10_001 }, (_, n) => `TX,Travis,${parcel}-${n},`).join("\n");
  const more = await ask("POST", path(), {
    as: admin,
    body: `state,county,parcel,city\n${many}`,
    headers: csv,
  });
  assertDeepEquals([more.status, more.body.error.code], [400, "invalid_body"]);
});

Deno.test("an import is an admin's or the service's, and others are refused before it is read", async () => {
  const row = () => [{ state: "TX", county: "Travis", parcel: fresh() }];
  assertEquals((await ask("POST", path(), { as: admin, body: row() })).status, 200);
  assertEquals((await ask("POST", path(), { as: "service", body: row() })).status, 200);
  const before = await count();
  const refusals: [number, string, Said][] = [
    [403, "forbidden", { as: member }],
    [403, "forbidden", { as: guest }],
    [404, "not_found", { as: outsider }],
    [401, "not_authenticated", { as: "nobody" }],
  ];
  for (const [status, code, said] of refusals) {
    const told = await ask("POST", path(), { ...said, body: row() });
    assertDeepEquals([told.status, told.body.error.code], [status, code]);
  }
  assertEquals(await count(), before);
});

Deno.test("every bad input is answered with its code, and writes nothing", async () => {
  const before = await count();
  const row = { state: "TX", county: "Travis", parcel: "bad" };
  const refusals: [number, string, string, Said][] = [
    [400, "invalid_parameter", "/leads/import", { body: [row] }],
    [400, "invalid_parameter", "/leads/import?workspace_id=x", { body: [row] }],
    [400, "invalid_parameter", path("&on_error=shrug"), { body: [row] }],
    [400, "invalid_parameter", path("&prefix=PN"), { body: [row] }],
    [400, "invalid_parameter", path("&colour=red"), { body: [row] }],
    [404, "unknown_business", path("&prefix=zz_"), { body: [row] }],
    [400, "invalid_body", path(), { body: [] }],
    [400, "invalid_body", path(), { body: row }],
    [400, "invalid_json", path(), { body: "[" }],
    [400, "invalid_csv", path(), { body: 'state,county\n"TX,Travis', headers: csv }],
    [400, "invalid_csv", path(), { body: "", headers: csv }],
    [400, "invalid_csv", path(), { body: "state,state\nTX,TX", headers: csv }],
    [400, "invalid_csv", path(), { body: "state,,parcel\nTX,,1", headers: csv }],
    [400, "invalid_body", path(), { body: "state,county,parcel\n", headers: csv }],
    [413, "body_too_large", path(), { body: "x".repeat(5_300_000), headers: csv }],
    [415, "unsupported_media_type", path(), {
      body: "x",
      headers: { "content-type": "image/png" },
    }],
    [405, "method_not_allowed", path(), {}],
  ];
  for (const [status, code, where, said] of refusals) {
    const told = await ask(code === "method_not_allowed" ? "GET" : "POST", where, {
      as: admin,
      ...said,
    });
    assertDeepEquals(
      [told.status, told.body.error.code],
      [status, code],
      `${where} ${told.body.error.message}`,
    );
  }
  assertEquals(await count(), before);
});
