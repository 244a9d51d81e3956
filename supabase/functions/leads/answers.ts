/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, error, errorBody, id } from "../_shared/http/answer-schemas.ts";

const headings = z.array(z.object({
  heading: z.string(),
  column: z.string().nullable().describe("Null: it is not imported."),
  by: z.enum(["kept", "known", "unknown"]),
  suggestions: z.array(z.string()).optional(),
}));
const row = z.union([
  z.object({
    row: z.int().min(1),
    result: z.enum(["inserted", "updated", "unchanged", "not_imported"]),
    lead_id: id.nullable(),
  }),
  z.object({
    row: z.int().min(1),
    result: z.literal("refused"),
    code: z.string(),
    field: z.string().nullable(),
    message: z.string().nullable(),
  }),
]);
const report = z.object({
  counts: z.object({
    inserted: count,
    updated: count,
    unchanged: count,
    not_imported: count,
    refused: count,
  }),
  headings: headings.optional().describe("Of a table; a JSON array has none."),
  rows: z.array(row),
});

/** By handler. */
export const answers: Answers = {
  importLeads: {
    200: report,
    422: z.union([report.extend({ error }), z.object({ error, headings }), errorBody]),
  },
  importDue: { 200: z.object({ steps: count }) },
};
