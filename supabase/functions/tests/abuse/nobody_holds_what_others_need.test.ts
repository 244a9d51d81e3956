/** One person opens as many sockets and streams as they can; their neighbour opens theirs. */
import { assert, assertDeepEquals, assertEquals, eventually } from "../../_shared/asserts.ts";
import { serve } from "../../_shared/http/app.ts";
import { countRelays } from "../../sessions/open-relays.ts";
import { app as streams } from "../../streams/index.ts";
import { call, lax, refusalOf, startSessions } from "../relay-world.ts";
import { dial, frame, handshake, key, readSome, writeAll } from "../raw-sockets.ts";
import { ask, connect, createWorld, environment, startIsolate, type World } from "../world.ts";
import { besideNeighbour } from "./neighbour.ts";

const sql = connect();
const attacked = await createWorld(sql);
const neighbour = await createWorld(sql);
Deno.test.afterAll(() => sql.end());

const RELAYS = 10;
const READERS = 20;
const quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };

async function openSession({ owner, agent }: World): Promise<string> {
  const { status, body } = await ask("POST", "/sessions", { as: owner, body: { agent_id: agent } });
  assertEquals(status, 201, JSON.stringify(body));
  return body.session_id;
}

Deno.test({
  name: "an agent that never answers holds a person's sockets and nobody else's",
  ...lax,
  async fn() {
    const never = Promise.withResolvers<Response>();
    const agents = Deno.serve(quiet, (request) => {
      if (request.headers.get("x-groundwork-workspace-id") === attacked.workspace) {
        return never.promise;
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    });
    await using isolate = startIsolate({
      clusterGateway: `http://127.0.0.1:${agents.addr.port}`,
    });
    const front = await startSessions(() => isolate.services);
    const { base } = front;

    const session = await openSession(attacked);
    const { token } = attacked.owner;
    const held: WebSocket[] = [];
    await besideNeighbour(neighbour, async () => {
      for (let place = 0; place < RELAYS; place++) {
        held.push((await call(session, token, base)).socket);
      }
      for (let more = 0; more < 5; more++) {
        assertEquals(await refusalOf(session, token, base), "4429 limit_reached");
      }
    });
    const theirs = await call(await openSession(neighbour), neighbour.owner.token, base);
    theirs.socket.send("hello");
    await eventually("the neighbour talks", () => theirs.heard.length === 1);
    theirs.socket.close();
    await theirs.closed;

    held.pop()?.close();
    await eventually("who lets one go has another", async () => {
      const again = await call(session, token, base).catch(() => null);
      if (again) held.push(again.socket);
      return again !== null;
    });
    for (const socket of held) socket.close();
    never.resolve(new Response(null, { status: 503 }));
    await eventually("all have ended", () => countRelays() === 0);
    await front.close();
    await agents.shutdown();
  },
});

Deno.test({
  name: "messages in endless fragments end their sockets at a message's bound, and nobody else's",
  ...lax,
  async fn() {
    const { port } = new URL(environment.url);
    const { token } = attacked.owner;

    /** Sends 60 MiB of one message that never ends. @returns the code that the socket is closed with */
    async function flood(): Promise<number> {
      const path = `/functions/v1/sessions/${await openSession(attacked)}/connect`;
      const asked = handshake(`${key}authorization: Bearer ${token}\r\n`, path);
      const { connection, answer } = await dial(Number(port), asked);
      assert(answer.startsWith("HTTP/1.1 101"), answer);
      let isEnding = false;
      const closing = readSome(connection, 4).finally(() => isEnding = true);
      const piece = 60 * 1024;
      try {
        for (let sent = 0; sent < 60 * 1024 * 1024 && !isEnding; sent += piece) {
          await writeAll(connection, frame(sent === 0 ? 2 : 0, piece, false));
        }
        if (!isEnding) connection.close(); // nobody ended it
      } catch { /* it was ended */ }
      const [, , high = 0, low = 0] = await closing;
      return high << 8 | low;
    }

    const theirs = await call(await openSession(neighbour), neighbour.owner.token);
    await besideNeighbour(neighbour, async () => {
      const codes = await Promise.all(Array.from({ length: 6 }, flood));
      assertDeepEquals(codes, codes.map(() => 1009));
    });
    theirs.socket.send("still here");
    await eventually("the neighbour's socket goes on", () => theirs.heard.length === 1);
    theirs.socket.close();
    await theirs.closed;
  },
});

/** A stream of somebody's, open. */
async function openStream({ workspace, member }: World): Promise<string> {
  const [talk] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${workspace}, ${member.id})
    returning id`;
  const { status, body } = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: talk?.id },
  });
  assertEquals(status, 201, JSON.stringify(body));
  return body.stream_id;
}

function read(stream: string, token: string, base = `${environment.url}/functions/v1`) {
  return fetch(`${base}/streams/${stream}`, { headers: { authorization: `Bearer ${token}` } });
}

Deno.test({
  name: "one reading serves all who read a stream, and one person reads so many at once",
  ...lax,
  async fn() {
    await using isolate = startIsolate();
    const { scratchpad, database } = isolate.services;
    let looks = 0;
    const counted = {
      ...isolate.services,
      scratchpad: {
        ...scratchpad,
        use: ((work, ...rest) => {
          looks++;
          return scratchpad.use(work, ...rest);
        }) as typeof scratchpad.use,
      },
      database: {
        ...database,
        run: ((build, patience) => {
          looks++;
          return database.run(build, patience);
        }) as typeof database.run,
      },
    };
    const front = Deno.serve(quiet, serve(streams, () => counted).fetch);
    const base = `http://127.0.0.1:${front.addr.port}`;
    const stream = await openStream(attacked);

    /** Looks into the memory and the database within as many looks of one reader. */
    async function looksOf(readers: Response[]): Promise<number> {
      const texts = readers.map(() => "");
      const reading = readers.map(async (response, place) => {
        for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          texts[place] += part;
        }
      });
      const begun = looks;
      for (let chunk = 0; chunk < 20; chunk++) {
        await ask("POST", `/streams/${stream}/chunks`, {
          as: "service",
          body: { from: chunk, chunks: [`piece ${chunk}`] },
        });
        await eventually(
          "all have heard it",
          () => texts.every((text) => text.includes(`piece ${chunk}\n`)),
        );
      }
      const looked = looks - begun;
      await ask("POST", `/streams/${stream}/finish`, {
        as: "service",
        body: { message: { parts: [{ type: "text", text: "done" }] } },
      });
      await Promise.all(reading);
      for (const text of texts) assert(text.includes('event: end\ndata: {"status":"finished"'));
      return looked;
    }

    const readers = await besideNeighbour(neighbour, async () => {
      const open: Response[] = [];
      for (let place = 0; place < READERS; place++) {
        const response = await read(stream, attacked.member.token, base);
        assertEquals(response.status, 200);
        open.push(response);
      }
      const refused = await read(stream, attacked.member.token, base);
      const { error } = await refused.json();
      assertDeepEquals([refused.status, error.code, error.details.limit], [
        429,
        "limit_reached",
        "streams_read_at_once",
      ]);
      return open;
    });
    const theirs = await read(await openStream(neighbour), neighbour.member.token, base);
    assertEquals(theirs.status, 200);
    await theirs.body?.cancel();

    const begun = Date.now();
    const looked = await looksOf(readers);
    // One reading looks at most every 40 ms, twice; twenty readings would be twenty times that.
    const most = 3 * ((Date.now() - begun) / 40 + 20);
    assert(looked <= most, `${looked} looks, of ${most} at most`);
    await front.shutdown();
  },
});
