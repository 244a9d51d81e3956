/**
 * The function that takes an answer and the one that tells it are killed (SIGKILL) while they do, again and again, also
 * while the answer is finished. What must hold: its reader has every piece once and in order, or the whole message, and
 * the message is in Postgres before the end.
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { type Heard, listen, openReader } from "./stream-reader.ts";
import { connect, createWorld, environment } from "./world.ts";

const PIECES = Array.from({ length: 60 }, (_, number) => `piece ${number}. `);
const KILLS = [12, 30, 47];

/** A process that serves the function, until it is killed. */
async function startFunction() {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--quiet"],
      new URL("serve-streams-until-killed.ts", import.meta.url).pathname,
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  assert(port > 0, "it listens");
  return {
    url: `http://127.0.0.1:${port}/streams`,
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("functions are killed while an answer is said, told and finished, and it is heard whole", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  let state = seed;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const sql = connect();
  const { workspace, member } = await createWorld(sql);
  const [talk] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${workspace}, ${member.id}) returning id`;
  let current = startFunction();

  /** Kills the function that serves now; the next one is on its way at once. */
  async function killIt() {
    const dying = await current;
    current = startFunction();
    await dying.kill();
  }

  /** Asks until a function lives to answer. */
  async function post(path: string, body: unknown) {
    for (let tries = 0;; tries++) {
      assert(tries < 50, "a function answers in the end");
      try {
        const response = await fetch(`${(await current).url}${path}`, {
          method: "POST",
          headers: {
            apikey: environment.secretKeys.default ?? "",
            "content-type": "application/json",
          },
          body: JSON.stringify(body),
        });
        return { status: response.status, said: await response.json() };
      } catch {
        // Killed under the request: whether it was taken is not known, so it is sent again.
      }
    }
  }

  const opened = await post("", { conversation_id: talk?.id });
  const { stream_id: id, message_id } = opened.said;

  async function sayAll() {
    for (let from = 0; from < PIECES.length;) {
      const said = post(`/${id}/chunks`, { from, chunks: PIECES.slice(from, from + 1) });
      if (KILLS.includes(from)) {
        await new Promise((resolve) => setTimeout(resolve, random() * 20));
        await killIt();
      }
      const { status, said: answered } = await said;
      assertEquals(status, 200, JSON.stringify(answered));
      from = answered.next;
    }
    const finished = post(`/${id}/finish`, {
      message: { parts: [{ type: "text", text: PIECES.join("") }] },
      chunks: PIECES.length,
    });
    await new Promise((resolve) => setTimeout(resolve, random() * 20));
    await killIt();
    assertEquals((await finished).said.status, "finished");
  }

  async function hearAll() {
    const heard: Heard = { pieces: [], whole: null };
    for (let connections = 1;; connections++) {
      assert(connections < 500, "the stream ends");
      try {
        const response = await openReader(`${(await current).url}/${id}`, member.token, heard);
        assertEquals(response.status, 200);
        if (await listen(response, heard) !== null) {
          const kept = await sql`
            select parts -> 0 ->> 'text' as text from public.messages where id = ${message_id}`;
          return { ...heard, connections, kept: kept.map((row) => row.text) };
        }
      } catch (error) {
        // Killed under the reader.
        if (error instanceof TypeError || error instanceof Deno.errors.ConnectionReset) continue;
        throw error;
      }
    }
  }

  try {
    const [heard] = await Promise.all([hearAll(), sayAll()]);
    assertDeepEquals(heard.kept, [PIECES.join("")]);
    assert(heard.connections > 1, "the reader's function was killed as well");
    assertDeepEquals(heard.pieces, PIECES);
    assertEquals(heard.whole ?? PIECES.join(""), PIECES.join(""));
    const rows = await sql`select id from public.messages where conversation_id = ${
      talk?.id ?? ""
    }`;
    assertEquals(rows.length, 1, "finished once");
  } finally {
    await (await current).kill();
    await sql.end();
  }
});
