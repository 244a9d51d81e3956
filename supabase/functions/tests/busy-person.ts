/** People who did everything that can be done here, in two workspaces of the file's own. */
import { assert, assertEquals } from "../_shared/asserts.ts";
import { rateWindow } from "../_shared/http/rate-limit.ts";
import { talkAndBeRemembered } from "./busy-person-talks.ts";
import { storage, storeFile } from "./stored-files.ts";
import {
  ask,
  connect,
  createWorld,
  environment,
  mintToken,
  type Someone,
  startIsolate,
} from "./world.ts";

export const sql = connect();
Deno.test.afterAll(() => sql.end());

/** Where they are an admin. */
export const world = await createWorld(sql);
/** Where they are one of two owners. */
export const other = await createWorld(sql);
const { workspace, agent, owner, member } = world;

/** Where their files are. */
export const bucket = `erasures-${workspace.slice(0, 8)}`;
await storage.createBucket(bucket, { public: false });

/** Somebody whose address is known. */
export type Known = Someone & { email: string };

/** Signs up with Auth. */
export async function signUp(email: string): Promise<Known> {
  const response = await fetch(`${environment.url}/auth/v1/signup`, {
    method: "POST",
    headers: {
      apikey: environment.publishableKeys.default ?? "",
      "content-type": "application/json",
    },
    body: JSON.stringify({ email, password: "correct horse battery" }),
  });
  const { user } = await response.json();
  assert(user?.id, "Auth signs people up");
  // As if a link had been mailed, and followed.
  await sql`
    update auth.users set confirmation_sent_at = now(), email_confirmed_at = now() where id = ${user.id}`;
  return { id: user.id, email, token: await mintToken(user.id) };
}

/**
 * Does everything, and it is checked that it was done.
 *
 * @returns a session that is still open, and the name of a file
 */
export async function doEverything(person: Known): Promise<{ open: string; file: string }> {
  const { id, email } = person;
  await sql`
    insert into public.members (workspace_id, user_id, role, invited_by) values
      (${workspace}, ${id}, 'admin', ${owner.id}), (${other.workspace}, ${id}, 'owner', ${other.owner.id})`;
  await sql`update public.members set invited_by = ${id} where workspace_id = ${workspace} and user_id = ${member.id}`;
  await sql`update public.profiles set settings = ${
    sql.json({ signature: email })
  } where user_id = ${id}`;
  // Invited, and inviting
  await sql`
    insert into public.invitations (workspace_id, email, token_hash, invited_by) values
      (${workspace}, ${email.toLowerCase()}, sha256(${`in ${id}`}::bytea), ${owner.id}),
      (${workspace}, ${`guest-of-${
    id.slice(-8)
  }@test.example`}, sha256(${`by ${id}`}::bytea), ${id})`;
  // Grants both ways
  const another = await world.addAgent();
  const granted = await ask("PUT", `/agents/${another}/access/${world.guest.id}`, {
    as: person,
    body: { can_use: true, reason: `asked ${email}` },
  });
  assertEquals(granted.status, 200);
  assertEquals(
    (await ask("PUT", `/agents/${agent}/access/${id}`, { as: owner, body: { can_use: true } }))
      .status,
    200,
  );
  // Sessions, one of them still open, with turns and bills
  const sessions = await Promise.all(
    [0, 1].map(() => ask("POST", "/sessions", { as: person, body: { agent_id: agent } })),
  );
  const [open, closed] = sessions.map(({ body }) => body.session_id as string);
  for (const session of [open, closed]) {
    const turn = await ask("POST", `/sessions/${session}/turns`, {
      as: person,
      body: {
        request_id: `turn of ${id} in ${session}`,
        usage: [{ kind: "message", quantity: 1, unit: "message" }],
        detail: { said: `I am ${email.toUpperCase()}` },
      },
    });
    assertEquals(turn.status, 201);
  }
  assertEquals((await ask("DELETE", `/sessions/${closed}`, { as: person })).status, 200);
  // Present and typing
  for (const workspace_id of [workspace, other.workspace]) {
    assertEquals(
      (await ask("PUT", "/presence", { as: person, body: { workspace_id } })).status,
      200,
    );
  }
  const typing = { workspace_id: workspace, conversation_id: crypto.randomUUID() };
  assert((await ask("PUT", "/presence/typing", { as: person, body: typing })).status < 300);
  // In the log: by them, about them, beside them
  const written = await ask("POST", "/audit", {
    as: person,
    body: {
      workspace_id: workspace,
      action: "report.exported",
      subject_type: "report",
      subject_id: `report of ${id}`,
      request_id: `report of ${email}`,
      detail: { by: id, [id]: { mail: email }, list: [email, `x${email}`] },
    },
  });
  assertEquals(written.status, 201);
  await ask("POST", "/audit", {
    as: owner,
    body: {
      workspace_id: workspace,
      action: "person.praised",
      subject_type: "person",
      subject_id: id,
      detail: { for: `${email}, of course` },
    },
  });
  await sql`
    select public.record_usage(${workspace}, 'seat', 1, 'seat', user_id => ${id}, request_id => ${`seat ${id}`})`;
  // A file in their folder, and one elsewhere that only names them as its owner
  const file = `${workspace}/${id}/letter.txt`;
  for (const name of [file, `${workspace}/shared-${id.slice(-8)}.txt`]) {
    await storeFile(bucket, name, "Dear all");
  }
  await sql`
    update storage.objects set owner_id = ${id}
    where bucket_id = ${bucket} and name like ${`%shared-${id.slice(-8)}%`}`;
  await talkAndBeRemembered(sql, workspace, person);
  // What the database has told functions, and kept of what it heard
  await sql`
    insert into private.function_calls (job, function, body, status, request_id, attempts, finished_at, last_error)
    values
      ('invalidate-answers', 'agents/invalidate', ${
    sql.json({ floors: { [id]: 3, [owner.id]: 4 }, agents: [] })
  }, 'lost', 1, 8, now(), ${`no answer about ${email}`})`;
  await sql`insert into net._http_response (id, status_code, content) values (1, 200, ${`{"user":"${id}"}`})`;
  // Rate counters and answers, where they are kept
  await using isolate = startIsolate();
  const window = Math.floor(Date.now() / 1000 / rateWindow);
  for (const pad of [isolate.services.scratchpad.fallback]) {
    await pad.hit(`limit:write:${id}:${window}`, 3, 120);
    await pad.set(`session:${open}`, { user_id: id }, 600);
  }
  await isolate.services.scratchpad.use((pad) => pad.hit(`limit:write:${id}:${window}`, 3, 120));
  assertEquals((await ask("GET", "/agents", { as: person })).status, 200);
  return { open: open ?? "", file };
}
