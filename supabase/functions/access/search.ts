/** `POST /access/v1/search/subject`, `…/resource`, `…/action` (AuthZEN, 8): whom, what and which it would allow. */
import { z } from "zod";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { parseObject } from "../_shared/json.ts";
import { sha256 } from "../_shared/sha256.ts";
import { type Asker, askingAs } from "./answer.ts";
import {
  type Question,
  readAsked,
  type Search,
  searches,
  toQuestion,
  type Wanted,
} from "./question.ts";

const longestPage = 100;

/** Where a page begins, and of which search: a token is good for the search that it was given for. */
interface Place {
  after: string;
  limit: number;
}
const placeIn = z.object({
  of: z.string(),
  after: z.string().max(1000),
  limit: z.int().min(0).max(longestPage),
});

const badToken = (why: string): ApiError => new ApiError(400, "invalid_body", `page.token: ${why}`);

function toToken(of: string, { after, limit }: Place): string {
  return btoa(encodeURIComponent(JSON.stringify({ of, after, limit })));
}

function fromToken(token: string, of: string): Place {
  let text: string;
  try {
    text = decodeURIComponent(atob(token));
  } catch {
    throw badToken("is not one that was given out");
  }
  const read = placeIn.safeParse(parseObject(text));
  if (!read.success) throw badToken("is not one that was given out");
  if (read.data.of !== of) throw badToken("was given for another search");
  return read.data;
}

/** The page that is asked for. A limit beyond the longest page is that page; with a token it stays what it was. */
function placeOf({ token, limit }: Search["page"], of: string): Place {
  const asked = limit === undefined ? undefined : Math.min(limit, longestPage);
  if (token === undefined) return { after: "", limit: asked ?? longestPage };
  const place = fromToken(token, of);
  if (asked !== undefined && asked !== place.limit) throw badToken("was given for another limit");
  return place;
}

function tell(wanted: Wanted, { subject, resource }: Question, keys: readonly string[]) {
  return keys.map((key) =>
    wanted === "action"
      ? { name: key }
      : { type: (wanted === "subject" ? subject : resource).type, id: key }
  );
}

function searchFor(
  wanted: Wanted,
): (context: RequestContext, asker: Asker) => Promise<Response> {
  return async (context, asker) => {
    const asked: Search = await readAsked(context.req.raw, searches[wanted]);
    const question = toQuestion(asked);
    const of = sha256(JSON.stringify([wanted, question]), "hex");
    const place = placeOf(asked.page, of);
    const [row] = place.limit === 0
      ? [{ found: [], next: place.after }]
      : await context.env.database.run(
        (sql) =>
          sql<{ found: string[]; next: string | null }[]>`
          select found, next from private.search_access(
            ${wanted}, ${sql.json(question as never)}, ${place.after}, ${place.limit})`,
        askingAs(asker),
      );
    if (!row) throw new Error("search_access returned no row");
    const { found, next } = row;
    const next_token = next === null ? "" : toToken(of, { ...place, after: next });
    return answer({
      page: { next_token, count: found.length },
      results: tell(wanted, question, found),
    });
  };
}

/** `POST /access/v1/search/subject`: who may do this with this. 200 `{page: {next_token, count}, results}`. */
export const searchSubject = searchFor("subject");
takes(searchSubject, { body: searches.subject });

/** `POST /access/v1/search/resource`: with what this subject may do this. Answers as `search/subject` does. */
export const searchResource = searchFor("resource");
takes(searchResource, { body: searches.resource });

/** `POST /access/v1/search/action`: what this subject may do with this. Answers as `search/subject` does. */
export const searchAction = searchFor("action");
takes(searchAction, { body: searches.action });
