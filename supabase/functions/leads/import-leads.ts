import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, errorBody } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { readBody, readQuery, readText, uuid } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
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

async function readRows(request: Request): Promise<unknown[]> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^text\/csv\s*(;|$)/i.test(type)) return await readBody(request, rowsOf, longestFile);
  const text = (await readText(request, longestFile)).toWellFormed().replaceAll("\0", "");
  const parsed = rowsOf.safeParse(readCsv(text));
  if (parsed.success) return parsed.data;
  throw new ApiError(400, "invalid_body", `body: ${parsed.error.issues[0]?.message}`);
}

function show({ line, result, lead_id, code, field, message }: Told) {
  return code === null
    ? { row: line, result, lead_id }
    : { row: line, result, code, field, message };
}

/**
 * `POST /leads/import?workspace_id=…&prefix=…&on_error=…`: leads as `text/csv` with a header, or as a
 * JSON array; 5 MiB and 10,000 rows at most. For admins, under their own rights, and the service.
 * 200 with a report for each row (from 1, the header not counted); 422 `rows_refused` with the same
 * report when a row was refused and nothing was imported (`on_error=reject`, the default; `skip`
 * imports the others).
 */
export async function importLeads(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const { workspace_id, prefix, on_error } = readQuery(context.req.raw, query);
  const { database, memberships } = context.env;
  if (caller.kind === "person") await memberships.requireAdmin(caller.userId, workspace_id);
  const rows = await readRows(context.req.raw) as Json[];
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
  const report = { counts, rows: told.map(show) };
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
