import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, errorBody } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, readBytes, readQuery, uuid } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";
import { decodeFile } from "./decode-file.ts";
import { checkTwice, judgeHeadings, rowOf } from "./make-rows.ts";
import { foldHeading, type Heading, mapHeadings } from "./map-headings.ts";
import { readCsv } from "./read-csv.ts";

const query = z.strictObject({
  workspace_id: uuid,
  prefix: z.string().regex(/^([a-z][a-z0-9]{0,9}_)?$/, { error: "must be a business's, e.g. pn_" })
    .default(""),
  on_error: z.enum(["reject", "skip"], { error: "must be reject or skip" }).default("reject"),
});

/** Bytes of a file, and its rows. */
const longestFile = 5 * 1024 * 1024;
const mostRows = 10_000;
const rowsOf = z.array(z.unknown()).min(1, { error: "is empty" })
  .max(mostRows, { error: `may have ${mostRows} rows` });

/** Milliseconds: ten thousand rows, each with its checks. */
const patience = { query: 55_000 };

interface Told {
  line: number;
  result: "inserted" | "updated" | "unchanged" | "not_imported" | "refused";
  lead_id: string | null;
  code: string | null;
  field: string | null;
  message: string | null;
}

/** Windows and mail programs have names of their own for a CSV. */
const tables = new RegExp(
  "^(text/(x-|comma-separated-values|tab-separated-values)?(csv)?|text/plain|" +
    "application/((x-)?csv|vnd\\.ms-excel|octet-stream))\\s*(;|$)",
  "i",
);
const form = /^multipart\/form-data\s*;/i;

async function readFile(request: Request, type: string): Promise<string> {
  const bytes = await readBytes(request, longestFile);
  if (!form.test(type)) return decodeFile(bytes);
  let file: unknown;
  try {
    const fields = await new Response(bytes, { headers: { "content-type": type } }).formData();
    file = fields.get("file") ?? [...fields.values()].find((value) => value instanceof File);
  } catch {
    throw new ApiError(400, "invalid_body", "body: is no form");
  }
  if (!(file instanceof File)) throw new ApiError(400, "invalid_body", "file: is missing");
  return decodeFile(new Uint8Array(await file.arrayBuffer()));
}

/** What was sent: rows for the database, and of a table what became of its headings. */
interface Sent {
  rows: unknown[];
  headings?: Heading[];
}

async function readSent(request: Request, services: Services, workspace: string): Promise<Sent> {
  const type = request.headers.get("content-type") ?? "";
  if (!tables.test(type) && !form.test(type)) {
    return { rows: await readBody(request, rowsOf, longestFile) };
  }
  const { headings: names, records } = readCsv(await readFile(request, type));
  const kept = await services.database.run((sql) =>
    sql<{ heading: string; column_name: string | null }[]>`
      select heading, column_name from public.import_headings where workspace_id = ${workspace}`
  );
  const headings = mapHeadings(
    names,
    new Map(kept.map(({ heading, column_name }) => [foldHeading(heading), column_name])),
  );
  checkTwice(headings);
  const parsed = rowsOf.safeParse(records.map((record) => rowOf(record, headings)));
  if (parsed.success) return { rows: parsed.data, headings };
  throw new ApiError(400, "invalid_body", `body: ${parsed.error.issues[0]?.message}`);
}

function show({ line, result, lead_id, code, field, message }: Told) {
  return code === null
    ? { row: line, result, lead_id }
    : { row: line, result, code, field, message };
}

/**
 * `POST /leads/import?workspace_id=…&prefix=…&on_error=…`: leads as a table with a header (CSV as
 * vendors export it, also in a form's `file`), or as a JSON array; 5 MiB and 10,000 rows at most.
 * For admins, under their own rights, and the service. What headings mean is known, or kept by the
 * workspace (`import_headings`); 422 `unknown_headings`, once, where it is neither.
 * 200 with a report for each row (from 1, the header not counted); 422 `rows_refused` with the same
 * report when a row was refused and nothing was imported (`on_error=reject`, the default; `skip`
 * imports the others).
 */
export async function importLeads(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const asked = readQuery(context.req.raw, query);
  const { memberships, limits } = context.env;
  const person = caller.kind === "person" ? caller.userId : null;
  if (person) await memberships.requireAdmin(person, asked.workspace_id);
  const work = () => importSent(context, caller, asked);
  return await limits.during("long_work_at_once", asked.workspace_id, person, work);
}
takes(importLeads, {
  query,
  body: rowsOf,
  types: ["application/json", "text/csv", "multipart/form-data"],
});

async function importSent(
  context: RequestContext,
  caller: Person | Service,
  { workspace_id, prefix, on_error }: z.output<typeof query>,
): Promise<Response> {
  const { database } = context.env;
  const sent = await readSent(context.req.raw, context.env, workspace_id);
  const { headings } = sent;
  const faulty = headings && judgeHeadings(headings, on_error === "skip");
  if (faulty) return answer({ ...JSON.parse(errorBody(faulty)), headings }, 422);
  const rows = sent.rows as Json[];
  const told = await database.run(
    (sql) =>
      caller.kind === "person"
        ? sql<Told[]>`select * from private.import_leads_as(
            ${caller.userId}, ${prefix}, ${workspace_id}, ${sql.json(rows)}, ${on_error})`
        : sql<Told[]>`select * from private.import_leads(
            ${prefix}, ${workspace_id}, ${sql.json(rows)}, ${on_error})`,
    patience,
  );
  const counts = { inserted: 0, updated: 0, unchanged: 0, not_imported: 0, refused: 0 };
  for (const { result } of told) counts[result]++;
  const report = {
    counts,
    ...(sent.headings ? { headings: sent.headings } : {}),
    rows: told.map(show),
  };
  if (on_error === "skip" || counts.refused === 0) return answer(report);
  const refusal = new ApiError(
    422,
    "rows_refused",
    "Some rows were refused; nothing was imported.",
    {
      hint: "Correct them, or send on_error=skip to import the others.",
    },
  );
  return answer({ ...JSON.parse(errorBody(refusal)), ...report }, 422);
}
