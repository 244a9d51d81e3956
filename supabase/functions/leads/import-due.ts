import { ApiError, toApiError } from "../_shared/errors.ts";
import type { Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { log } from "../_shared/log.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";
import { readObjectPart, writeObject } from "../_shared/storage.ts";
import { checkTwice, judgeHeadings, rowOf } from "./make-rows.ts";
import { foldHeading, type Heading, mapHeadings } from "./map-headings.ts";
import { withoutEnd } from "./read-csv.ts";
import { cutPiece, type Format, lookThrough, pieceBytes, recordsOf } from "./read-pieces.ts";

/** Bytes of a file, and its rows. */
const longestFile = 32 * 1024 * 1024;
const mostRows = 100_000;
/** Milliseconds after which no further piece is begun: the database waits 10 s for the answer. */
const enough = 4000;
const patience = { query: 25_000 };

interface Import {
  import_id: string;
  workspace_id: string;
  user_id: string;
  path: string;
  status: "waiting" | "checking" | "importing" | "reporting";
  next_byte: number;
  format: Format | null;
  headings: Heading[] | null;
  kept_headings: Record<string, string | null>;
  skips: boolean;
}

const placeOf = ({ path }: Import) => ({ bucket: "attachments", name: path });

/** Looks the file through, before anything of it is taken. */
async function start({ database, environment }: Services, one: Import): Promise<void> {
  const { bytes, length } = await readObjectPart(environment, placeOf(one), 0, longestFile);
  if (length > longestFile) {
    throw new ApiError(413, "body_too_large", `The file is longer than ${longestFile} bytes.`);
  }
  const { format, headings: names, rows } = lookThrough(bytes);
  const kept = Object.entries(one.kept_headings);
  const headings = mapHeadings(
    names,
    new Map(kept.map(([heading, column]) => [foldHeading(heading), column])),
  );
  checkTwice(headings);
  const faulty = judgeHeadings(headings, one.skips);
  if (faulty) return await fail({ database }, one, faulty, headings);
  if (rows === 0 || rows > mostRows) {
    throw new ApiError(422, "invalid_items", `A file has 1 to ${mostRows} rows; this one ${rows}.`);
  }
  await database.run((sql) =>
    sql`select private.start_lead_import(${one.import_id}, ${sql.json(format as unknown as Json)},
      ${sql.json(headings as unknown as Json)}, ${rows})`
  );
}

/** Takes the next piece. */
async function takePiece({ database, environment }: Services, one: Import, format: Format) {
  const from = one.next_byte;
  const { bytes, length } = await readObjectPart(
    environment,
    placeOf(one),
    from,
    from + pieceBytes,
  );
  const headings = one.headings ?? [];
  const piece = cutPiece(bytes, format, from + bytes.length >= length);
  const rows = recordsOf(piece, format).map((record) =>
    rowOf(withoutEnd(record, headings.length), headings)
  );
  const to = from + piece.length;
  await database.run(
    (sql) =>
      sql`select private.import_lead_piece(${one.import_id}, ${from}, ${to}, ${
        sql.json(rows as Json)
      }, ${to >= length})`,
    patience,
  );
}

/** Writes the report beside the file. */
async function report({ database, environment }: Services, one: Import): Promise<void> {
  const [made] = await database.run((sql) =>
    sql<{ report: string }[]>`select private.lead_import_report(${one.import_id}) as report`
  );
  const name = `${one.workspace_id}/${one.user_id}/imports/${one.import_id}.csv`;
  const bytes = new TextEncoder().encode(made?.report ?? "");
  await writeObject(environment, { bucket: "attachments", name }, { type: "text/csv", bytes });
  await database.run((sql) => sql`select private.finish_lead_import(${one.import_id}, ${name})`);
}

async function fail(
  { database }: Pick<Services, "database">,
  one: Import,
  { code, message }: ApiError,
  headings: Heading[] | null = null,
): Promise<void> {
  await database.run((sql) =>
    sql`select private.fail_lead_import(${one.import_id}, ${code}, ${message},
      ${headings && sql.json(headings as unknown as Json)})`
  );
}

/** One step of an import. False when it has to wait: what is away comes back. */
async function step(services: Services, one: Import): Promise<boolean> {
  try {
    if (one.status === "reporting") await report(services, one);
    else if (one.format === null) await start(services, one);
    else await takePiece(services, one, one.format);
    return true;
  } catch (error) {
    const trouble = toApiError(error);
    if (trouble.status >= 500 || trouble.status === 429) {
      log("warning", trouble.message, { cause: trouble.cause, import: one.import_id });
      return false;
    }
    await fail(services, one, trouble);
    return true;
  }
}

/**
 * `POST /leads/import-due`: the job's. Takes pieces of the imports that are open, in turn, for some
 * seconds. A piece counts when the database has it; whatever ends this in between is taken up again.
 */
export async function importDue(context: RequestContext, _: Service): Promise<Response> {
  const { database } = context.env;
  const until = performance.now() + enough;
  let steps = 0;
  while (performance.now() < until) {
    const [one] = await database.run((sql) =>
      sql<Import[]>`select * from private.take_lead_import()`
    );
    if (!one || !await step(context.env, one)) break;
    steps++;
  }
  return answer({ steps });
}
