import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { jsonbLength, readBody, uuid } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";

const shape = {
  workspace_id: uuid,
  action: z.string().max(100).regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/, {
    error: "must be a dotted name, e.g. report.exported",
  }),
  subject_type: z.string().min(1).max(60).optional(),
  subject_id: z.string().min(1).max(200).optional(),
  agent_id: uuid.optional(),
  detail: z.record(z.string(), z.json()).refine((detail) => jsonbLength(detail) <= 16_384, {
    error: "may be 16 KiB long",
  }).optional(),
  request_id: z.string().min(1).max(200).optional(),
};

function withSubject<Entry extends z.ZodObject>(entry: Entry) {
  return entry.refine(
    (given) => given.subject_id === undefined || given.subject_type !== undefined,
    {
      path: ["subject_type"],
      error: "is needed with a subject_id",
    },
  );
}

const ofPerson = withSubject(z.strictObject(shape));
const ofService = withSubject(z.strictObject({ ...shape, actor_id: uuid.optional() }));
const most = 500;

/** One entry, or many. */
function bodiesOf(entry: typeof ofPerson | typeof ofService) {
  const one = entry.transform((only) => ({ entries: [only] }));
  const many = z.strictObject({ entries: z.array(entry).min(1).max(most) });
  return [one, many] as const;
}

const bodiesOfPerson = bodiesOf(ofPerson);
const bodiesOfService = bodiesOf(ofService);
const mebibyte = 1024 * 1024;

interface Written {
  ordinal: number;
  id: number;
  is_new: boolean;
}

/**
 * `POST /audit`: one entry, or up to 500 in one transaction. A person writes as themselves into
 * their own workspaces; the service may name the actor. The same `request_id` within a day is one
 * entry, whose id is answered again. 201 when anything was written, 200 when all was known.
 */
export async function logEntries(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const isPerson = caller.kind === "person";
  const [one, many] = isPerson ? bodiesOfPerson : bodiesOfService;
  const pick = (value: unknown): typeof one | typeof many =>
    typeof value === "object" && value !== null && "entries" in value ? many : one;
  const { entries } = await readBody(context.req.raw, pick, mebibyte);
  const written = await context.env.database.run((sql) =>
    sql<Written[]>`
      select ordinal, id, is_new from private.log_audit_entries(
        ${sql.json(entries as Json)}, ${isPerson ? caller.userId : null}
      ) order by ordinal`
  );
  return answer(
    { entries: written.map(({ id, is_new }) => ({ id, is_new })) },
    written.some((entry) => entry.is_new) ? 201 : 200,
  );
}
takes(logEntries, { body: [...bodiesOfPerson, ...bodiesOfService] });
