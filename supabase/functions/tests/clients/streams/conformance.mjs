/**
 * The conformance suite of Durable Streams as it is published, against a server at a URL. It knows of no
 * credential: the requests come through a door that adds one, as a product's own server would.
 *
 *   node conformance.mjs <URL of the function> <secret key>      prints {passed, failed: [names], skipped}
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [target, secret, only] = process.argv.slice(2);
const base = new URL(target);

/** A server that is busy says 503 and when to come again; a door does, up to a minute. */
const mostTries = 60;

const door = createServer(async (incoming, outgoing) => {
  const headers = { ...incoming.headers, host: base.host };
  // A preflight carries no credential.
  if (incoming.method !== "OPTIONS") headers.apikey = secret;
  const path = base.pathname + incoming.url;
  const body = [];
  for await (const part of incoming) body.push(part);
  const ask = (tries) => {
    const options = {
      host: base.hostname,
      port: base.port,
      method: incoming.method,
      path,
      headers,
    };
    const passed = request(options, (answer) => {
      if (answer.statusCode === 503 && tries < mostTries) {
        answer.resume();
        setTimeout(() => ask(tries + 1), 1000 * Number(answer.headers["retry-after"] ?? 1));
        return;
      }
      outgoing.writeHead(answer.statusCode, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    // Whoever is told early that a body is too large may lose the answer while still sending: asked again.
    const isLong = Number(headers["content-length"] ?? 0) > 1024 * 1024;
    passed.on("error", () => {
      if (isLong && tries < 5 && !outgoing.headersSent) ask(tries + 1);
      else outgoing.destroy();
    });
    outgoing.once("close", () => passed.destroy());
    passed.end(Buffer.concat(body));
  };
  ask(0);
}).listen(0, "127.0.0.1");
// The suite compares millions of bytes without looking at its sockets: one that is ended meanwhile, it would use again.
door.keepAliveTimeout = 0;
await new Promise((resolve) => door.on("listening", resolve));

const report = join(mkdtempSync(join(tmpdir(), "conformance-")), "report.json");
const vitest = spawn(
  "node",
  [
    ...["node_modules/vitest/vitest.mjs", "run", "conformance.test.mjs", "--reporter=json"],
    ...[`--outputFile=${report}`, "--passWithNoTests=false", "--testTimeout=60000"],
    ...(only ? ["-t", only] : []),
  ],
  {
    env: { ...process.env, CONFORMANCE_TEST_URL: `http://127.0.0.1:${door.address().port}` },
    stdio: ["ignore", "ignore", "inherit"],
  },
);
await new Promise((resolve) => vitest.on("close", resolve));
const { testResults } = JSON.parse(readFileSync(report, "utf8"));
const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
const named = (status) => tests.filter((test) => test.status === status);
console.log(JSON.stringify({
  passed: named("passed").length,
  failed: named("failed").map(({ fullName, failureMessages }) =>
    `${fullName}: ${failureMessages[0]?.slice(0, 300)}`
  ),
  skipped: [...named("skipped"), ...named("pending"), ...named("todo")].map(({ fullName }) =>
    fullName
  ),
}));
door.closeAllConnections();
door.close();
