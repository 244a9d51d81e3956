/** What somebody says, makes and has remembered before they are erased. */
import type postgres from "postgres";
import { assert, assertEquals } from "../_shared/asserts.ts";
import { ask, type Someone } from "./world.ts";

/**
 * Talks, votes, makes something, asks in the background, is answered by a stream, is remembered, and leaves documents.
 */
export async function talkAndBeRemembered(
  sql: postgres.Sql<{ bigint: number }>,
  workspace: string,
  person: Someone & { email: string },
): Promise<void> {
  const { id, email } = person;
  const [talk] = await sql`
    insert into public.conversations (workspace_id, user_id, title)
    values (${workspace}, ${id}, ${`About ${email}`}) returning id`;
  const [said] = await sql`
    select (public.add_message(${talk?.id}, ${
    sql.json([{ type: "text", text: `I am ${email}, ${id}.` }])
  })).id`;
  const stream = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: talk?.id },
  });
  assertEquals(stream.status, 201);
  const path = `/streams/${stream.body.stream_id}`;
  await ask("POST", `${path}/chunks`, { as: "service", body: { from: 0, chunks: [email] } });
  const message = { parts: [{ type: "text", text: `Hello ${email}` }] };
  assertEquals(
    (await ask("POST", `${path}/finish`, { as: "service", body: { message } })).status,
    200,
  );
  await sql`
    insert into public.votes (message_id, user_id, conversation_id, workspace_id, is_upvoted, reason)
    values (${said?.id}, ${id}, ${talk?.id}, ${workspace}, true, ${`says ${email}`})`;
  await sql`
    select private.ask_in_background(${talk?.id}, 'research', ${
    sql.json({ about: email })
  }, ${id})`;
  await sql`
    insert into public.artifacts (workspace_id, user_id, conversation_id, kind, title, content)
    values (${workspace}, ${id}, ${talk?.id}, 'text', 'Letter', ${`Yours, ${email}`})`;
  await sql`
    select public.remember(${workspace}, ${`Their address is ${email}.`}, user_id => ${id}, kind => 'profile')`;
  await sql`
    select public.put_document(${workspace}, ${`own.d${
    id.slice(-8)
  }`}, ${`By ${email}`}, user_id => ${id})`;
  await sql`
    select public.put_document(${workspace}, ${`shared.d${id.slice(-8)}`}, 'For all of us')`;
  await sql`update public.documents set created_by = ${id} where path = ${`shared.d${
    id.slice(-8)
  }`}::extensions.ltree`;
  assert((await ask("GET", `/context/${talk?.id}`, { as: person })).status === 200);
}
