/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, object } from "../_shared/http/answer-schemas.ts";

const put = z.object({ id, is_new: z.boolean(), is_changed: z.boolean() });

/** By handler. */
export const answers: Answers = {
  putDocument: { 200: put, 201: put },
  searchDocuments: {
    200: z.object({
      passages: z.array(z.object({
        chunk_id: id,
        document_id: id,
        path: z.string(),
        name: z.string(),
        heading: z.string().nullable(),
        content: z.string(),
        metadata: object,
        score: z.number(),
        similarity: z.number().nullable(),
      })),
      by_meaning: z.boolean(),
    }),
  },
  moveDocuments: { 200: z.object({ moved: count }) },
};
