/**
 * A provider of accounts on this machine, which agrees to everything, to try docs/connect.ts with: the OAuth 2 server
 * of the tests. docs/assistant.md says what the stack must be told to reach it. Until Ctrl-C.
 *
 *   npx deno run -A docs/provider.ts postgresql://postgres:postgres@127.0.0.1:54322/postgres
 */
import postgres from "postgres";
import { startProvider } from "../supabase/functions/tests/oauth-server.ts";

const [url] = Deno.args;
if (!url) throw new Error("usage: provider.ts <database URL>");
const sql = postgres(url, { max: 1, prepare: false, types: { bigint: postgres.BigInt } });
const provider = await startProvider(sql as never);
await sql.end();
console.log(`The provider ${provider.name} is at ${provider.base}`);
