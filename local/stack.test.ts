import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import postgres from "postgres";
import { makeProject, until } from "./fixture.ts";
import { PortTakenError } from "./ports.ts";
import { startStack } from "./stack.ts";
import { resetState } from "./state.ts";

const notes = `
  create extension if not exists pg_net with schema extensions;
  create table public.notes (id int primary key, body text not null);
  alter table public.notes enable row level security;
  create policy "Everyone reads notes" on public.notes for select to anon using (true);
  grant select on public.notes to anon;
`;

const functions = {
  "functions/mirror/index.ts": `
    let calls = 0;
    export default {
      async fetch(request: Request): Promise<Response> {
        if (request.headers.get("upgrade") === "websocket") {
          const { socket, response } = Deno.upgradeWebSocket(request);
          socket.onmessage = ({ data }) => socket.send(new URL(request.url).pathname + " " + data);
          return response;
        }
        const { pathname, search } = new URL(request.url);
        return Response.json({
          path: pathname + search,
          method: request.method,
          body: await request.text(),
          names: Object.keys(Deno.env.toObject()).sort(),
          calls: ++calls,
        });
      },
    };`,
  "functions/broken/index.ts": `export default { fetch() { throw new Error("as asked"); } };`,
  "functions/stray/index.ts":
    `export default { fetch() { Promise.reject(new Error("left alone")); return new Response("fine"); } };`,
  "functions/_shared/index.ts": "export default {};",
};

const anyPorts = { apiPort: 0, dbPort: 0, redis: "none" } as const;

Deno.test("a project's functions run as on the platform", async (test) => {
  await using project = await makeProject({
    "migrations/20260101000000_notes.sql": notes,
    ...functions,
  });
  const stack = await startStack({
    ...anyPorts,
    root: project.root,
    stateDir: null,
    functionEnv: { OWN_SECRET: "s" },
  });
  const url = `${stack.apiUrl}/functions/v1`;

  await test.step("a function sees the path without /functions/v1, and exactly its own environment", async () => {
    const answer = await fetch(`${url}/mirror/a/b?c=d`, { method: "PUT", body: "said" });
    assert.deepEqual(await answer.json(), {
      path: "/mirror/a/b?c=d",
      method: "PUT",
      body: "said",
      names: Object.keys(stack.functionEnv).sort(),
      calls: 1,
    });
    assert.ok("OWN_SECRET" in stack.functionEnv && "SUPABASE_JWKS" in stack.functionEnv);
  });

  await test.step("a WebSocket is upgraded although the request has another URL for the function", async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/mirror/socket`);
    const heard = Promise.withResolvers<unknown>();
    socket.onerror = () => heard.reject(new Error("refused"));
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => heard.resolve(data);
    assert.equal(await heard.promise, "/mirror/socket hello");
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  });

  await test.step("a function that fails is a 500 that says nothing of the inside, and the others go on", async () => {
    const answer = await fetch(`${url}/broken`);
    assert.equal(answer.status, 500);
    assert.doesNotMatch(await answer.text(), /as asked/);
    assert.equal(await (await fetch(`${url}/stray`)).text(), "fine");
    assert.equal((await (await fetch(`${url}/mirror`)).json()).calls, 2);
  });

  await test.step("what is no function is 404, also a shared folder, also to a page's preflight", async () => {
    for (const name of ["nothing", "_shared", ""]) {
      for (const method of ["GET", "OPTIONS"]) {
        const headers = { "access-control-request-method": "POST" };
        const answer = await fetch(`${url}/${name}`, { method, headers });
        assert.equal(answer.status, 404, name);
        assert.equal(answer.headers.get("access-control-allow-origin"), "*");
        assert.match(answer.headers.get("access-control-allow-headers") ?? "", /apikey/);
        await answer.body?.cancel();
      }
    }
  });

  await test.step("another stack's functions begin with modules and an environment of their own", async () => {
    const other = await startStack({ ...anyPorts, root: project.root, stateDir: null });
    const answer = await (await fetch(`${other.apiUrl}/functions/v1/mirror`)).json();
    assert.equal(answer.calls, 1);
    assert.ok(!answer.names.includes("OWN_SECRET"));
    await other.stop();
  });

  await test.step("the database calls a function with what it finds in the vault", async () => {
    const sql = postgres(stack.dbUrl, { max: 1 });
    const [sent] = await sql`
      select net.http_post((select decrypted_secret from vault.decrypted_secrets
        where name = 'groundwork_functions_url') || '/mirror') as id
    `;
    const [answer] = await until("the answer", async () => {
      const rows = await sql`select status_code from net._http_response where id = ${sent?.id}`;
      return rows.length > 0 && rows;
    });
    assert.equal(answer?.status_code, 200);
    const [key] =
      await sql`select decrypted_secret from vault.decrypted_secrets where name = 'groundwork_secret_key'`;
    assert.equal(key?.decrypted_secret, stack.secretKey);
    await sql.end();
  });

  await test.step("the agents' stand-in answers as the named agent", async () => {
    const agent = stack.functionEnv.GROUNDWORK_CLUSTER_GATEWAY ?? "";
    const answer = await fetch(`${agent}/chat?a=1`, {
      method: "POST",
      body: "hi",
      headers: { "x-forwarded-host": "hr.acme" },
    });
    assert.deepEqual(await answer.json(), {
      agent: "hr.acme",
      path: "/chat?a=1",
      method: "POST",
      echo: "hi",
    });
  });

  await stack.stop();
});

Deno.test("a stack keeps its data and keys until it is reset", async () => {
  await using project = await makeProject({
    "migrations/20260101000000_notes.sql": notes,
    "seed.sql": "insert into public.notes values (1, 'from the seed')",
  });
  const options = { ...anyPorts, root: project.root };
  const read = async (stack: Awaited<ReturnType<typeof startStack>>) => {
    const { data } = await createClient(stack.apiUrl, stack.publishableKey).from("notes").select()
      .order("id").throwOnError();
    return data;
  };

  const first = await startStack(options);
  await assert.rejects(startStack(options), /Another stack .* keeps its state in/);
  assert.deepEqual(await read(first), [{ id: 1, body: "from the seed" }]);
  const sql = postgres(first.dbUrl, { max: 1 });
  await sql`insert into public.notes values (2, 'by hand')`;
  await sql.end();
  await first.stop();

  await Deno.writeTextFile(
    `${project.root}/supabase/migrations/20260102000000_more.sql`,
    "insert into public.notes values (3, 'from a later migration')",
  );
  const lines: string[] = [];
  const second = await startStack({ ...options, log: (line) => lines.push(line) });
  assert.deepEqual((await read(second)).map(({ id }) => id), [1, 2, 3]);
  assert.equal(second.publishableKey, first.publishableKey);
  assert.deepEqual(second.signingKey, first.signingKey);
  assert.ok(lines.includes("Migrations: 1 applied"));
  assert.ok(!lines.some((line) => line.startsWith("Changed")), lines.join("\n"));
  await second.stop();

  await resetState(`${project.root}/.local`);
  const third = await startStack(options);
  assert.deepEqual((await read(third)).map(({ id }) => id), [1, 3]);
  assert.notEqual(third.publishableKey, first.publishableKey);
  await third.stop();
});

Deno.test("migrations that changed after they were applied are named", async () => {
  await using project = await makeProject({ "migrations/20260101000000_notes.sql": notes });
  const options = { ...anyPorts, root: project.root };
  await (await startStack(options)).stop();
  const folder = `${project.root}/supabase/migrations`;
  await Deno.writeTextFile(`${folder}/20260101000000_notes.sql`, `${notes}\n-- and a word`);
  const lines: string[] = [];
  await (await startStack({ ...options, log: (line) => lines.push(line) })).stop();
  assert.ok(
    lines.some((line) => /^Changed .*20260101000000_notes\.sql\. .*--reset/.test(line)),
    lines.join("\n"),
  );

  // What was in one file is now in another: why it fails is said with the failure.
  await Deno.rename(`${folder}/20260101000000_notes.sql`, `${folder}/20260102000000_notes.sql`);
  await assert.rejects(
    startStack(options),
    /20260102000000_notes\.sql: relation "notes" already exists[\s\S]*20260101000000\. .*--reset/,
  );
});

Deno.test("a taken port is named, and nothing stays behind", async () => {
  await using project = await makeProject({});
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  for (const ports of [{ apiPort: port, dbPort: 0 }, { apiPort: 0, dbPort: port }]) {
    await assert.rejects(
      startStack({ ...anyPorts, ...ports, root: project.root, stateDir: null }),
      (error) => {
        assert.ok(error instanceof PortTakenError);
        assert.equal(error.port, port);
        assert.match(error.message, new RegExp(`Port ${port}.*--port`));
        return true;
      },
    );
  }
});

Deno.test("a migration that fails says where, applies nothing of itself, and stops the start", async () => {
  await using project = await makeProject({
    "migrations/20260101000000_notes.sql": notes,
    "migrations/20260102000000_broken.sql": "create table public.half (id int);\n\nselect broken;",
  });
  const options = { ...anyPorts, root: project.root };
  await assert.rejects(
    startStack(options),
    /20260102000000_broken\.sql: column "broken" does not exist at line 3 \(42703\)/,
  );
  await Deno.remove(`${project.root}/supabase/migrations/20260102000000_broken.sql`);
  const stack = await startStack(options);
  const sql = postgres(stack.dbUrl, { max: 1 });
  const [row] =
    await sql`select to_regclass('public.half') as half, to_regclass('public.notes')::text as notes`;
  assert.deepEqual(row, { half: null, notes: "notes" });
  await sql.end();
  await stack.stop();
});
