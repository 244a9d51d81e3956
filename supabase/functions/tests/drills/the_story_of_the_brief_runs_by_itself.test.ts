/**
 * The whole of operations, with nobody's hand on it: a lead comes in, is scored, queued and dialled by the schedules of
 * the database, its outcome arrives twice and counts once; an article is published at its time; an agent remembers; and
 * a second business under its own prefix does the same beside it. Only the schedules' seconds are made shorter.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { sign, signatureHeader, timestampHeader } from "../../call-webhook/check-signature.ts";
import { startDevto } from "../publishing-platforms.ts";
import { reportOf, secret, startVoiceProvider } from "../voice-provider.ts";
import { startDrillStack } from "./drill-stack.ts";

const ACME = "00000000-0000-4000-b000-000000000001";
const RECRUITER = "00000000-0000-4000-c000-000000000002";
const PROJECT = new URL("../../../../", import.meta.url);

/** Waits for what the schedules do; what never comes is a failure, not a wait. */
async function eventually<Found>(what: string, find: () => Promise<Found> | Found) {
  for (let tries = 0; tries < 600; tries++) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not come true: ${what}`);
}

Deno.test("the story of the brief runs by itself, for two businesses side by side", async () => {
  await using voice = startVoiceProvider();
  await using devto = await startDevto();
  await using stack = await startDrillStack({
    redis: Deno.env.get("GROUNDWORK_TEST_REDIS") === "none" ? "none" : "auto",
    functionEnv: {
      GROUNDWORK_VOICE_URL: voice.environment.voice?.url ?? "",
      GROUNDWORK_VOICE_KEY: JSON.stringify({ [ACME]: "the key" }),
      GROUNDWORK_VOICE_WEBHOOK_SECRET: secret,
      GROUNDWORK_DEVTO_URL: devto.accounts.url,
      GROUNDWORK_DEVTO_KEY: JSON.stringify({ [ACME]: devto.account.key }),
    },
  });
  await using ends = new AsyncDisposableStack();
  const sql = postgres(stack.dbUrl, { max: 2, prepare: false, onnotice: () => {} });
  ends.defer(() => sql.end());
  const service = createClient(stack.apiUrl, stack.secretKey, { auth: { persistSession: false } });

  // Shorter seconds, the same jobs.
  await sql`
    select cron.schedule(jobname, '1 seconds', command) from cron.job
    where jobname in ('dispatch-calls', 'publish-due-content', 'reconcile-function-calls', 'release-expired-work')`;
  await sql`
    insert into public.voice_assistants (workspace_id, agent_id, assistant_id)
    values (${ACME}, ${RECRUITER}, 'assistant-of-the-story')`;
  await service.rpc("create_business", {
    workspace_id: ACME,
    prefix: "pn_",
    name: "Petroleum Noir",
    time_zone: "America/Chicago",
  }).throwOnError();
  // What the seed has waiting is another story.
  await sql`
    update public.dial_queue set status = 'cancelled', finished_at = now(), lease_expires_at = null
    where status in ('pending', 'in_progress')`;
  await sql`update public.build_content_queue set review_status = 'draft' where status = 'pending'`;

  async function runStory(prefix: string) {
    const table = (name: string) => sql(`public.${prefix}${name}`);

    // A lead comes in and is scored.
    const [lead] = await sql<{ id: string; distress_score: number }[]>`
      insert into ${
      table("leads")
    } (workspace_id, address, county, state, zip, phones, distress_signals, foreclosure_stage, is_vacant,
        estimated_value_minor, mortgage_balance_minor)
      values (${ACME}, '1 Story Lane', 'Cook', 'IL', '60601', ${[
      prefix ? "+13125550102" : "+13125550101",
    ]}, '{tax_delinquent,probate}', 'auction_scheduled', true, 30000000, 5000000)
      returning id, distress_score`;
    ok(lead && lead.distress_score > 0, "a distressed lead has a score");

    // It is queued, and the schedule dials it.
    const [dial] = await sql<{ id: string }[]>`
      insert into ${
      table("dial_queue")
    } (workspace_id, lead_id, voice_agent_id, call_from, call_until, call_days)
      values (${ACME}, ${lead.id}, ${RECRUITER}, '00:00', '23:59:59', '{1,2,3,4,5,6,7}')
      returning id`;
    const call = await eventually(
      "the call is made",
      () =>
        voice.calls.find(({ metadata }) =>
          metadata.queue === `${prefix}dial_queue` && metadata.dial_id === Number(dial?.id)
        ),
    );

    // Its outcome arrives twice, and counts once.
    const report = JSON.stringify(reportOf(call));
    const send = async () => {
      const at = String(Math.floor(Date.now() / 1000));
      const response = await fetch(`${stack.apiUrl}/functions/v1/call-webhook`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [timestampHeader]: at,
          [signatureHeader]: sign(secret, at, report),
        },
        body: report,
      });
      await response.body?.cancel();
      return response.status;
    };
    deepStrictEqual((await Promise.all([send(), send()])).map((status) => status < 300), [
      true,
      true,
    ]);
    const outcomes = await sql`
      select outcome from ${table("call_outcomes")} where lead_id = ${lead.id}`;
    deepStrictEqual(outcomes.map(({ outcome }) => outcome), ["answered_interested"]);
    const [after] = await sql`
      select l.contact_count, d.status from ${table("leads")} as l
      join ${table("dial_queue")} as d on d.lead_id = l.id where l.id = ${lead.id}`;
    deepStrictEqual({ ...after }, { contact_count: 1, status: "done" });

    // An article is published at its time.
    const title = `The story of ${prefix || "the first business"}`;
    const [article] = await sql<{ id: string; publish_at: Date }[]>`
      insert into ${
      table("build_content_queue")
    } (workspace_id, title, article, tags, review_status, publish_at)
      values (${ACME}, ${title}, 'It runs by itself.', '{story}', 'approved', now() + interval '3 seconds')
      returning id, publish_at`;
    ok(article);
    await eventually("the article is out", async () => {
      const [row] = await sql`
        select posted_url from ${table("build_content_queue")} where id = ${article.id}`;
      return row?.posted_url;
    });
    const published = devto.published.filter((one) => one.title === title);
    strictEqual(published.length, 1);
    ok(
      Date.parse(published[0].published_at) >= article.publish_at.getTime(),
      "not before its time",
    );
    return { dial: Number(dial?.id), call };
  }

  const stories = await Promise.all([runStory(""), runStory("pn_")]);
  strictEqual(voice.calls.length, stories.length, "each lead was called once");

  // An agent does a task and remembers, by a credential of its own.
  const [credential] = await sql`
    select secret from private.create_agent_credential(
      ${RECRUITER}, 'story', '{memory:read,memory:write,work:code_task_queue}'::text[], null)`;
  await sql`
    insert into public.code_task_queue (workspace_id, prompt, repository)
    values (${ACME}, 'Write the story down.', 'acme/story')`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "docs/agent.ts",
      stack.apiUrl,
      stack.publishableKey,
      RECRUITER,
      credential?.secret,
    ],
    cwd: PROJECT,
  }).output();
  strictEqual(code, 0, new TextDecoder().decode(stderr));
  const [memory] = await sql`
    select value ->> 'last_task' as last_task from public.agent_memory
    where workspace_id = ${ACME} and memory_type = 'state' and key = 'coder'`;
  ok(memory?.last_task, "it knows where it left off");

  // And the books are closed: nothing open, nothing failed, every call of the database answered.
  const books = () =>
    sql`
      select queue, due, in_progress, lease_ended, failed, last_failure from public.work_health
      where failed > 0 or lease_ended > 0
        or queue in ('dial_queue', 'pn_dial_queue', 'build_content_queue', 'pn_build_content_queue')
          and due + in_progress > 0`;
  await eventually("nothing is open", async () => (await books()).every((row) => row.failed > 0));
  deepStrictEqual((await books()).map((row) => ({ ...row })), []);
});
