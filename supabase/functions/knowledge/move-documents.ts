import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody } from "../_shared/input.ts";
import { ownerOf, path, treeOf } from "./trees.ts";

const shape = { from: path, to: path };
const ofPerson = z.strictObject({ ...treeOf.person, ...shape });
const ofService = z.strictObject({ ...treeOf.service, ...shape });

/** `POST /knowledge/move`: what is at a path and below it goes to another; all of it or nothing. */
export async function moveDocuments(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const asked = await readBody<typeof ofPerson | typeof ofService>(
    context.req.raw,
    caller.kind === "person" ? ofPerson : ofService,
  );
  const owner = await ownerOf(context.env.memberships, caller, asked);
  const [done] = await context.env.database.run((sql) =>
    sql<{ moved: number }[]>`
      select private.move_documents(${asked.workspace_id}, ${asked.from}, ${asked.to}, ${owner}) as moved`
  );
  return answer(done);
}
takes(moveDocuments, { body: [ofPerson, ofService] });
