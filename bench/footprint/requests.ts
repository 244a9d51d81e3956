/** The heaviest requests that the functions take: each as large as its bounds let it be. */
import type { Stack } from "../../local/stack.ts";
import type { BenchDatabase } from "../database.ts";
import { SEED, signIn } from "../isolates.ts";

/** A request, and a small one of the same route that comes before it. */
export interface HeavyRequest {
  what: string;
  function: string;
  path: string;
  init: RequestInit;
  /** Whether it asks for more than there may be. */
  isRefused?: boolean;
  /** Milliseconds that its reader does nothing after the first bytes. */
  pause?: number;
  /** The small one; by default the same again, so that it is measured warm. */
  before?: { path?: string; init?: RequestInit };
}

const mebibyte = 1024 * 1024;
const { workspace, juan } = SEED;

/** Words, some of them in three bytes a character, so that nothing is small by chance. */
function textOf(characters: number, n = 0): string {
  const word = (at: number) => ((at * 7919 + n * 104_729) % 1_000_003).toString(36);
  const words = Array.from({ length: Math.ceil(characters / 5) }, (_, at) => word(at));
  return words.join(" ").slice(0, characters);
}

/** A conversation of long messages, and with it an archive of some 120 MiB. */
async function talkMuch(database: BenchDatabase): Promise<{ id: string; link: string }> {
  const [id, link] = [crypto.randomUUID(), "f".repeat(64)];
  await database.execute(`
    insert into public.conversations (id, workspace_id, user_id, title)
    values ('${id}', '${workspace}', '${juan}', 'Long');
    set session_replication_role = replica;
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, token_count)
    select said.id, '${workspace}', '${id}', '${juan}', lag(said.id) over (order by said.n),
      case when said.n % 2 = 1 then 'user' else 'assistant' end,
      jsonb_build_array(jsonb_build_object('type', 'text', 'text', said.words)), length(said.words) / 4
    from (select gen_random_uuid() as id, n,
        repeat((select string_agg(substr(md5(n::text || '-' || g::text), 1, 1 + g % 12), ' ')
          from generate_series(1, 1000) as g), 80) as words
      from generate_series(1, 200) as n) as said;
    set session_replication_role = origin;
    update public.conversations set active_message_id = (select m.id from public.messages as m
      where m.conversation_id = '${id}'
        and not exists (select from public.messages as after where after.parent_id = m.id))
    where id = '${id}';
    insert into public.share_links (workspace_id, conversation_id, user_id, token_hash)
    values ('${workspace}', '${id}', '${juan}', sha256(convert_to('${link}', 'UTF8')));`);
  return { id, link };
}

async function fillTheLog(database: BenchDatabase): Promise<void> {
  await database.execute(`
    insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail)
    select '${workspace}', '${juan}', 'report.exported', 'report', g::text, jsonb_build_object('pages', g)
    from generate_series(1, 200000) as g;`);
}

/** A CSV of leads as long as an import may be. */
function manyLeads(): string {
  const rows = Array.from(
    { length: 10_000 },
    (_, n) => `TX,Travis,P-${n},${textOf(400, n).replaceAll(",", " ")}`,
  );
  return ["State,County,Parcel,Legal description", ...rows].join("\n").slice(0, 5 * mebibyte);
}

/** A stream of the durable protocol, so many MiB long. */
async function writeStream(stack: Stack, length: number): Promise<string> {
  const path = `/functions/v1/streams/v1/stream/bench-${crypto.randomUUID()}`;
  const say = async (method: string) => {
    const { status, body } = await fetch(`${stack.apiUrl}${path}`, {
      method,
      headers: { apikey: stack.secretKey, "content-type": "text/plain" },
      ...(method === "POST" ? { body: textOf(mebibyte) } : {}),
    });
    await body?.cancel();
    if (status >= 300) throw new Error(`${method} ${path}: ${status}`);
  };
  await say("PUT");
  for (let n = 0; n < length; n++) await say("POST");
  return path.slice("/functions/v1".length);
}

/** Makes what they ask for, and the requests. */
export async function heavyRequests(database: BenchDatabase): Promise<HeavyRequest[]> {
  const { stack } = database;
  const { token } = await signIn(stack, "juan@acme.example");
  const json = { "content-type": "application/json" };
  const asJuan = { authorization: `Bearer ${token}`, apikey: stack.publishableKey };
  const asService = { apikey: stack.secretKey };
  const post = (headers: HeadersInit, body: unknown): RequestInit => ({
    method: "POST",
    headers: { ...headers, ...json },
    body: JSON.stringify(body),
  });
  const document = (content: string) =>
    post(asService, { workspace_id: workspace, path: "bench.long", content });
  const csv = (body: string): RequestInit => ({
    method: "POST",
    headers: { ...asService, "content-type": "text/csv" },
    body,
  });
  const talk = await talkMuch(database);
  await fillTheLog(database);
  const stream = await writeStream(stack, 16);
  const leads = `/leads/import?workspace_id=${workspace}&on_error=skip`;
  const rows = Array.from(
    { length: 10_000 },
    (_, n) => ({
      state: "TX",
      county: "Travis",
      parcel: `J-${n}`,
      legal_description: textOf(400, n),
    }),
  );
  return [
    {
      what: "a document of a million characters",
      function: "knowledge",
      path: "/knowledge/documents",
      init: document(textOf(1_000_000)),
      before: { init: document("Short.") },
    },
    {
      what: "a document whose metadata is four million bytes of zeros, refused",
      function: "knowledge",
      path: "/knowledge/documents",
      init: post(asService, {
        workspace_id: workspace,
        path: "bench.zeros",
        content: "Short.",
        metadata: { zeros: Array.from({ length: 2_000_000 }, () => 0) },
      }),
      before: { init: document("Short.") },
      isRefused: true,
    },
    {
      what: "an import of 10,000 leads, CSV",
      function: "leads",
      path: leads,
      init: csv(manyLeads()),
      before: { init: csv("State,County,Parcel\nTX,Travis,P-1") },
    },
    {
      what: "an import of 10,000 leads, JSON",
      function: "leads",
      path: leads,
      init: post(asService, rows),
      before: { init: post(asService, rows.slice(0, 1)) },
    },
    {
      what: "the archive of a person",
      function: "account",
      path: "/account/export",
      init: { method: "POST", headers: asJuan },
      before: { path: "/account/erasures/none", init: {} },
    },
    {
      what: "the proof of 200,000 audit entries",
      function: "audit",
      path: `/audit/${workspace}/verify`,
      init: { headers: asService },
    },
    {
      what: "a prompt of two million tokens",
      function: "context",
      path: `/context/${talk.id}?budget=2000000`,
      init: { headers: asJuan },
      before: { path: `/context/${talk.id}?budget=100`, init: { headers: asJuan } },
    },
    {
      what: "a page of 200 messages that a link shows",
      function: "shared",
      path: `/shared/${talk.link}?page_size=200`,
      init: {},
      before: { path: `/shared/${talk.link}?page_size=1` },
    },
    {
      what: "16 MiB of a durable stream, to a slow reader",
      function: "streams",
      path: `${stream}?live=sse&offset=-1`,
      init: { headers: asService },
      pause: 5000,
      before: { path: stream },
    },
  ];
}
