/**
 * Imports a vendor's export from outside: an admin uploads it, asks for the import and watches it, while the function
 * that takes it is killed. Judges the report and the leads.
 */
import { createClient } from "@supabase/supabase-js";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { connect, createWorld, environment } from "./world.ts";

/** Where a function is killed: before it asks the database, or when it just has. */
export type Stop = readonly ["before" | "after", string, number];

/** What came of an import. */
export interface Told {
  rows: number;
  taken: number;
  refused: number;
  kills: number;
  /** Different counts of rows that were read while watching. */
  progress: number;
  seconds: number;
  /** Largest resident memory of a process that served the function, in MiB; null where the system does not tell. */
  memory: number | null;
}

/** A row as the vendor writes it, and what the report has to say of it. */
interface Row {
  text: string;
  parcel: string | null;
  code: string;
  field: string;
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

const head = [
  "Property State",
  "County Name",
  "Flurstück Nr.",
  "OWNER 1 FULL NAME",
  "Phone 1",
  "Tax Amount Due",
  "Trustee Sale Date",
  "Vacant?",
  "Sachbearbeiter",
];
/** What may be wrong with a row, and what the report says then: the code and the field. */
const faults = {
  parcel: ["missing_value", "parcel"],
  twice: ["duplicate_row", "parcel"],
  money: ["invalid_value", "tax_delinquent_minor"],
  date: ["invalid_value", "auction_date"],
  short: ["invalid_row", ""],
} as const;
const kinds = Object.keys(faults) as (keyof typeof faults)[];

/** Rows of which about three in a hundred are bad, each in one way. */
function makeRows(count: number, prefix: string, random: () => number): Row[] {
  const good: string[] = [];
  return Array.from({ length: count }, (_, n) => {
    const pick = <One>(from: readonly One[]) => from[Math.floor(random() * from.length)]!;
    const fault = n > 10 && random() < 0.03 ? pick(kinds) : null;
    const parcel = `${prefix}-${n}`;
    const cells = [
      n % 2 ? "TX" : "Texas",
      "Travis",
      fault === "parcel" ? "" : fault === "twice" ? pick(good).toUpperCase() : parcel,
      n % 7 === 0 ? `"Muñoz; Søn & ""Ëlan"" € ${n}"` : `Müller ${n}`,
      `+1 (512) 555-${String(n % 10_000).padStart(4, "0")}`,
      fault === "money" ? "a lot" : "$1,234.50",
      fault === "date" ? "02/30/2027" : "02/28/2027",
      n % 3 ? "yes" : "No",
      "Frau Weiß",
    ];
    if (fault === "short") cells.length = 4;
    else if (!fault) good.push(parcel);
    const [code, field] = fault ? faults[fault] : ["", ""];
    return { text: cells.join(";"), parcel: fault ? null : parcel, code, field };
  });
}

/** In Windows-1252, as far as these rows need it. */
const inWindows1252 = (text: string) =>
  Uint8Array.from(text, (sign) => sign === "€" ? 0x80 : sign.charCodeAt(0));

/** A process that serves the function. */
async function startFunction(stop: Stop | null) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      new URL("serve-leads-until-killed.ts", import.meta.url).pathname,
      ...(stop ?? []).map(String),
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const port = parseInt(value ?? "");
  assert(port > 0, "it listens");
  return {
    url: `http://127.0.0.1:${port}/leads/import-due`,
    /** Resolves when it has come to where it stops. */
    stopped: reader.read().then(({ value }) => value?.startsWith("stopped") === true),
    async memory(): Promise<number | null> {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`).catch(() => "");
      const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
      return peak ? Math.round(Number(peak) / 1024) : null;
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel().catch(() => {});
    },
  };
}

const due = (url: string) =>
  fetch(url, {
    method: "POST",
    headers: { apikey: environment.secretKeys.default ?? "", "content-type": "application/json" },
    body: "{}",
  });

/**
 * Imports so many rows and kills the function at each of the stops.
 *
 * @param waits whether to wait until a killed function's lease of 30 s has ended, instead of ending it
 */
export async function drillImport(
  { rows: count, stops, waits, seed, say = () => {} }: {
    rows: number;
    stops: readonly Stop[];
    waits: boolean;
    seed: number;
    say?: (line: string) => void;
  },
): Promise<Told> {
  const sql = connect();
  const { workspace, admin } = await createWorld(sql);
  await sql`
    insert into public.workspace_limits (workspace_id, name, value)
    values (${workspace}, 'leads', ${count}) on conflict (workspace_id, name) do update set value = ${count}`;
  const client = createClient(environment.url, environment.publishableKeys.default ?? "", {
    global: { headers: { authorization: `Bearer ${admin.token}` } },
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const rows = makeRows(count, workspace.slice(0, 8), randomFrom(seed));
  const file = inWindows1252(
    `sep=;\r\nExport vom 30.11.2026;;;;;;;;\r\n${head.join(";")}\r\n${
      rows.map(({ text }) => text).join("\r\n")
    }\r\n`,
  );
  const kept = await client.from("import_headings").insert([
    { workspace_id: workspace, heading: "Flurstück Nr.", column_name: "parcel" },
    { workspace_id: workspace, heading: "Sachbearbeiter", column_name: null },
    { workspace_id: workspace, heading: "Tax Amount Due", column_name: "tax_delinquent_minor" },
  ]);
  assertEquals(kept.error, null, kept.error?.message);
  const path = `${workspace}/${admin.id}/export.csv`;
  const put = await client.storage.from("attachments").upload(path, new Blob([file]));
  assertEquals(put.error, null, put.error?.message);
  const began = performance.now();
  const { data: asked, error } = await client.from("lead_imports")
    .insert({ workspace_id: workspace, path, on_error: "skip" }).select().single();
  assertEquals(error, null, error?.message);

  const progress: number[] = [];
  const watch = async () => {
    const { data } = await client.from("lead_imports").select().eq("id", asked.id).single();
    progress.push(data.rows_read);
    return data;
  };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      await watch();
      await new Promise((wake) => setTimeout(wake, 250));
    }
  })();
  let memory: number | null = null;
  let kills = 0;
  for (const stop of [...stops, null]) {
    const serving = await startFunction(stop);
    for (let row = await watch(); !row.finished_at; row = await watch()) {
      const call = due(serving.url).then((response) => response.ok, () => false);
      const isStopped = await Promise.race([
        call.then(() => false),
        ...(stop ? [serving.stopped] : []),
      ]);
      if (isStopped) break;
      if (!await call) throw new Error("the function answers nothing");
    }
    const peak = await serving.memory();
    memory = peak === null ? memory : Math.max(memory ?? 0, peak);
    await serving.kill();
    if (stop) kills++;
    say(`${stop ? stop.join(" ") : "to the end"}: ${progress.at(-1)} rows read, ${peak} MiB`);
    if (!waits) {
      await sql`
        update private.lead_import_work set leased_until = now() where import_id = ${asked.id}`;
    }
  }
  isOver = true;
  await watching;
  const row = await watch();
  const seconds = (performance.now() - began) / 1000;
  assertDeepEquals(progress, progress.toSorted((a, b) => a - b), "progress never goes back");

  const refused = rows.filter(({ code }) => code).length;
  assertDeepEquals(
    [row.status, row.rows_total, row.rows_read, row.rows_taken, row.rows_refused],
    ["done", count, count, count - refused, refused],
    row.error_message,
  );
  const report = await client.storage.from("attachments").download(row.report_path);
  const lines = (await report.data?.text() ?? "").trimEnd().split("\r\n");
  assertEquals(lines.length, count + 1, "each row has its line");
  const ids = new Set<string>();
  for (const [n, { code, field }] of rows.entries()) {
    const [line, result, id = "", said, named] = lines[n + 1]!.split(",");
    assertDeepEquals(
      [line, result, said, named],
      [String(n + 1), code ? "refused" : "inserted", code, field],
      lines[n + 1],
    );
    if (!code) ids.add(id);
  }
  assertEquals(ids.size, count - refused, "no lead stands for two rows");
  const leads = await sql<
    { id: string; parcel: string; owner_name: string; phones: string[]; money: number }[]
  >`
    select id, parcel, owner_name, to_jsonb(phones) as phones, tax_delinquent_minor as money
    from public.leads
    where workspace_id = ${workspace}`;
  assertDeepEquals(
    leads.map(({ parcel }) => parcel).sort(),
    rows.flatMap(({ parcel }) => parcel ?? []).sort(),
    "every good row is a lead, and none twice",
  );
  for (const { id, money, phones } of leads) {
    assert(ids.has(id) && money === 123_450 && /^\+1512555\d{4}$/.test(phones[0] ?? ""), id);
  }
  const named = leads.map(({ owner_name }) => owner_name).sort();
  assert(named.some((name) => /^Muñoz; Søn & "Ëlan" € \d+$/.test(name)), `in full: ${named[0]}`);
  await sql.end();
  return {
    rows: count,
    taken: row.rows_taken,
    refused,
    kills,
    progress: new Set(progress).size,
    seconds: Math.round(seconds),
    memory,
  };
}
