/** What a client of AuthZEN asks (Authorization API 1.0, 5 to 8): read, and put as the database takes it. */
import { z } from "zod";
import { ApiError } from "../_shared/errors.ts";
import { readBody } from "../_shared/input.ts";

const text = z.string().min(1).max(1000);
const properties = z.looseObject({});

/** Who acts, as a token says it (RFC 8693, 4.1): the last first. */
interface Actor {
  sub: string;
  act?: Actor | undefined;
}
const actor: z.ZodType<Actor> = z.object({
  sub: text,
  get act() {
    return actor.optional();
  },
}).meta({ id: "Actor" });

const subject = z.object({
  type: text,
  id: text,
  properties: properties.extend({ act: actor.optional() }).optional(),
});
const action = z.object({ name: text });
const resource = z.object({
  type: text,
  id: text,
  properties: properties.extend({ workspace_id: text.optional() }).optional(),
});
const context = properties.extend({ act: actor.optional(), agent: text.optional() }).optional();
const entities = { subject, action, resource, context };
/** One evaluation. */
export const evaluation = z.object(entities);
/** Several, and what they have in common. Each is read by itself, so that one that is none spoils no other. */
export const evaluations = z.object({
  subject: subject.optional(),
  action: action.optional(),
  resource: resource.optional(),
  context,
  evaluations: z.array(z.unknown()).max(100).optional(),
  options: z.looseObject({
    evaluations_semantic: z.enum(["execute_all", "deny_on_first_deny", "permit_on_first_permit"])
      .default("execute_all"),
  }).default({ evaluations_semantic: "execute_all" }),
});

const page = z.object({ token: text.optional(), limit: z.int().min(0).optional() }).default({});
/** Searches: what is searched for has a type; an id of it is not looked at. */
export const searches = {
  subject: evaluation.extend({ subject: subject.omit({ id: true }), page }),
  resource: evaluation.extend({ resource: resource.omit({ id: true }), page }),
  action: evaluation.omit({ action: true }).extend({ page }),
};
/** What can be searched for. */
export type Wanted = keyof typeof searches;
/** What is asked, of an evaluation or a search. */
export interface Asked {
  subject: Omit<z.output<typeof subject>, "id"> & { id?: string };
  action?: z.output<typeof action>;
  resource: Omit<z.output<typeof resource>, "id"> & { id?: string };
  context?: z.output<typeof context>;
}
/** A search, read. */
export type Search = Asked & { page: z.output<typeof page> };

/** A question as `private.access_answer` takes it. */
export interface Question {
  subject: { type: string; id?: string | undefined };
  act?: Actor;
  action?: string | undefined;
  resource: { type: string; id?: string | undefined; workspace_id?: string | undefined };
}

const bodyLimit = 256 * 1024;

/**
 * Reads a body. Unknown fields are not looked at (AuthZEN, 12.1.1).
 *
 * @throws ApiError 400 `invalid_body`, `invalid_json`, also where the body is not said to be JSON; 413 `body_too_large`
 */
export async function readAsked<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.output<Schema>> {
  try {
    return await readBody(request, schema, bodyLimit);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 415) throw error;
    throw new ApiError(400, "invalid_body", error.message, { hint: "content-type" });
  }
}

/** As far as both say who acted, they say the same. */
function isSame(one: Actor, other: Actor): boolean {
  return one.sub.toLowerCase() === other.sub.toLowerCase() &&
    (one.act === undefined || other.act === undefined || isSame(one.act, other.act));
}

const depthOf = (actor: Actor): number => 1 + (actor.act ? depthOf(actor.act) : 0);

/**
 * Who acts for the subject. It may be said in each of three places, as the profile for MCP does (`context.agent`)
 * and as tokens do (`act`); a place that were not looked at would let an agent pass for the person.
 *
 * @throws ApiError 400 `invalid_body` where two places differ
 */
function actorOf({ subject, context }: Asked): Actor | undefined {
  const said = [
    subject.properties?.act,
    context?.act,
    context?.agent === undefined ? undefined : { sub: context.agent },
  ].filter((place) => place !== undefined);
  // All who are named are asked: of two that agree, the one that names more.
  const [most, ...others] = said.sort((one, other) => depthOf(other) - depthOf(one));
  if (most && others.some((other) => !isSame(most, other))) {
    throw new ApiError(400, "invalid_body", "context.act: is another than who acts elsewhere");
  }
  return most;
}

/** The question that an evaluation or a search asks. @throws ApiError 400 `invalid_body` */
export function toQuestion(asked: Asked): Question {
  const act = actorOf(asked);
  const { subject, action, resource } = asked;
  return {
    subject: { type: subject.type, id: subject.id },
    ...(act ? { act } : {}),
    action: action?.name,
    resource: {
      type: resource.type,
      id: resource.id,
      workspace_id: resource.properties?.workspace_id,
    },
  };
}
