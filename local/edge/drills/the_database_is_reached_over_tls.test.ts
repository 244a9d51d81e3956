/**
 * Functions on the platform's Deno reach a real Postgres over TLS where it has that, and refuse it in
 * the clear where they are told to; beside it a server without TLS, and a certificate that nobody
 * here trusts.
 */
import { deepStrictEqual as assertSame, match as assertMatches } from "node:assert/strict";
import postgres from "postgres";
import { type PostgresServer, startTestPostgres } from "../../services/postgres.ts";
import { projectRoot } from "../../state.ts";
import { startRuntime } from "../runtime-process.ts";
import { writeConfig } from "../import-map.ts";

const entry = new URL("./asking/index.ts", import.meta.url).href;

async function openssl(folder: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd: folder }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** An authority, and a server's certificate that it has signed for `localhost`. */
async function makeCertificates(folder: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const name of ["ca", "other"]) {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
    await openssl(folder, "req", "-x509", ...key, ...files, "-days", "2", "-subj", `/CN=${name}`);
  }
  await openssl(
    folder,
    "req",
    ...key,
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
    "-subj",
    "/CN=localhost",
  );
  await Deno.writeTextFile(`${folder}/names`, "subjectAltName=DNS:localhost");
  const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
  await openssl(
    folder,
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-out",
    "server.crt",
    "-days",
    "2",
    ...signing,
  );
}

/** Writes a file into the server's data folder, as the server: it takes a key only from itself. */
async function write(sql: postgres.Sql, name: string, text: string): Promise<void> {
  const program = `umask 077; base64 -d > ${name}`;
  await sql.unsafe(`copy (select '${btoa(text)}') to program '${program}'`);
}

/** Turns TLS on; `only` refuses whoever comes without it. */
async function encrypt(server: PostgresServer, folder: string, only: boolean): Promise<void> {
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  try {
    for (const name of ["server.key", "server.crt"]) {
      await write(sql, name, await Deno.readTextFile(`${folder}/${name}`));
    }
    await write(sql, "pg_hba.conf", `${only ? "hostssl" : "host"} all all all trust\n`);
    await sql`alter system set ssl = on`;
    await sql`select pg_reload_conf()`;
  } finally {
    await sql.end();
  }
}

/** Asks through a function of its own; the environment is complete besides what is given. */
async function ask(
  environment: Record<string, string>,
  query = "",
): Promise<Record<string, unknown>> {
  const env = {
    SUPABASE_URL: "http://127.0.0.1:1",
    SUPABASE_PUBLISHABLE_KEYS: '{"default":"p"}',
    SUPABASE_SECRET_KEYS: '{"default":"s"}',
    SUPABASE_JWKS: '{"keys":[]}',
    ...environment,
  };
  const config = await writeConfig(`${projectRoot}/supabase/functions/deno.json`);
  const cacheDir = `${projectRoot}/node_modules/.cache/groundwork/platform`;
  const runtime = await startRuntime({ config, cacheDir, env, onGone: () => {} });
  try {
    const port = await runtime.boot({ id: "asking", name: "asking", entry, wallClock: 60_000 });
    const response = await fetch(`http://127.0.0.1:${port}/${query}`);
    return await response.json();
  } finally {
    await runtime.stop();
  }
}

Deno.test("the database is reached over TLS, and in the clear only where that is allowed", async (test) => {
  await using ends = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  ends.defer(() => Deno.remove(folder, { recursive: true }));
  await makeCertificates(folder);
  const [GROUNDWORK_DB_CA = "", other = ""] = await Promise.all(
    ["ca", "other"].map((name) => Deno.readTextFile(`${folder}/${name}.crt`)),
  );
  const plain = await startTestPostgres();
  ends.defer(() => plain.remove());
  const secret = await startTestPostgres();
  ends.defer(() => secret.remove());
  const urlOf = ({ port }: PostgresServer, mode = "") =>
    `postgresql://supabase_admin@localhost:${port}/postgres${mode && `?sslmode=${mode}`}`;
  const encrypted = { encrypted: [true], isWhole: true };
  const inTheClear = { encrypted: [false], isWhole: true };
  await encrypt(secret, folder, false);

  await test.step("encrypted, asked for or not, whatever the size", async () => {
    for (const mode of ["", "prefer", "require", "verify-full"]) {
      const found = await ask({ SUPABASE_DB_URL: urlOf(secret, mode), GROUNDWORK_DB_CA });
      assertSame(found, encrypted, mode);
    }
    const found = await ask({ SUPABASE_DB_URL: urlOf(secret), GROUNDWORK_DB_CA }, "?size=3000000");
    assertSame(found, encrypted);
  });
  await test.step("a certificate in one line is a certificate", async () => {
    const inOneLine = GROUNDWORK_DB_CA.replaceAll("\n", "\\n");
    const found = await ask({
      SUPABASE_DB_URL: urlOf(secret, "require"),
      GROUNDWORK_DB_CA: inOneLine,
    });
    assertSame(found, encrypted);
  });
  await test.step("who was told to refuse does, where the certificate or its name is another's", async () => {
    const url = urlOf(secret, "require");
    const elsewhere = url.replace("localhost", "127.0.0.1");
    const wrong: Record<string, string>[] = [
      { SUPABASE_DB_URL: url },
      { SUPABASE_DB_URL: url, GROUNDWORK_DB_CA: other },
      { SUPABASE_DB_URL: elsewhere, GROUNDWORK_DB_CA },
    ];
    for (const env of wrong) {
      assertMatches(String((await ask(env)).error), /invalid peer certificate/);
    }
  });
  await test.step("who was not told goes on in the clear, as before", async () => {
    assertSame(await ask({ SUPABASE_DB_URL: urlOf(secret), GROUNDWORK_DB_CA: other }), inTheClear);
    assertSame(
      await ask({ SUPABASE_DB_URL: urlOf(secret, "disable"), GROUNDWORK_DB_CA }),
      inTheClear,
    );
  });
  await test.step("a server without TLS is reached, and refused where TLS is required", async () => {
    assertSame(await ask({ SUPABASE_DB_URL: urlOf(plain), GROUNDWORK_DB_CA }), inTheClear);
    const required = { SUPABASE_DB_URL: urlOf(plain), GROUNDWORK_DB_SSLMODE: "require" };
    assertMatches(String((await ask(required)).error), /does not speak TLS/);
  });
  await test.step("a server that takes nobody in the clear is reached", async () => {
    await encrypt(secret, folder, true);
    assertSame(await ask({ SUPABASE_DB_URL: urlOf(secret), GROUNDWORK_DB_CA }), encrypted);
    const clear = await ask({ SUPABASE_DB_URL: urlOf(secret, "disable") });
    assertMatches(String(clear.error), /no pg_hba.conf entry/);
  });
});
