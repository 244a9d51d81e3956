import { z } from "zod";
import {
  type Agent,
  asAgent,
  type Person,
  type Service,
} from "../_shared/access/authentication.ts";
import { embedText } from "../_shared/embedding/embed-text.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { moment, readBody, uuid } from "../_shared/input.ts";

const shortText = z.string().min(1).max(200);
const shape = {
  workspace_id: uuid,
  content: z.string().max(4000).regex(/\S/, { error: "must say something" }),
  category: z.enum(["personal", "project", "preference", "decision", "knowledge"]).default(
    "knowledge",
  ),
  kind: z.enum(["profile", "fact"]).default("fact"),
  confidence: z.number().min(0).max(1).default(0.7),
  source_kind: z.enum([
    "user_message",
    "assistant_message",
    "document",
    "manual",
    "recalled",
    "system_prompt",
  ]).default("manual"),
  source_message_id: uuid.optional(),
  agent_id: uuid.optional(),
  subject: shortText.optional(),
  supersedes: uuid.optional(),
  extractor: shortText.optional(),
  valid_from: moment.optional(),
};
const ofPerson = z.strictObject(shape);
const ofService = z.strictObject({ ...shape, user_id: uuid });

/**
 * `POST /memory`: remembers a statement of oneself; the service names the person. Answers its id
 * and what became of it: `added`, `superseded` (201) or `confirmed` (200). When the embedder is
 * away the embedding is made later.
 */
export async function rememberStatement(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const { database, embedder } = context.env;
  const said: z.output<typeof ofPerson> & { user_id?: string } = await readBody<
    typeof ofPerson | typeof ofService
  >(context.req.raw, caller.kind === "service" ? ofService : ofPerson);
  const person = caller.kind === "person" ? caller.userId : said.user_id ?? null;
  const isRefusedAnyway = said.source_kind === "recalled" || said.source_kind === "system_prompt";
  const embedding = isRefusedAnyway ? null : await embedText(embedder, said.content);
  const [remembered] = await database.run(
    (sql) =>
      sql<{ id: string; outcome: "added" | "confirmed" | "superseded" }[]>`
      select id, outcome from private.remember(
        ${said.workspace_id}, ${said.content}, ${said.category}, ${said.confidence},
        ${said.source_kind}, ${said.source_message_id ?? null},
        ${embedding}::text::extensions.halfvec, ${embedding === null ? null : embedder.model},
        ${said.kind}, ${said.agent_id ?? null}, ${said.subject ?? null},
        ${said.supersedes ?? null}, ${said.extractor ?? null},
        coalesce(${said.valid_from ?? null}::text::timestamptz, now()), ${person})`,
    { as: asAgent(caller) },
  );
  return answer(remembered, remembered?.outcome === "confirmed" ? 200 : 201);
}
takes(rememberStatement, { body: [ofPerson, ofService] });
