/**
 * The public conformance suite of MCP against the function, for both revisions that it serves. The suite sends no
 * token: a proxy on loopback adds a person's. Scenarios that ask for the fixtures of an example server, or for what a
 * server without a state refuses on purpose, are named below with the reason; one of them that passes fails the test,
 * like one that fails and is not named.
 */
import { assert, assertEquals } from "../_shared/asserts.ts";
import { connect, createWorld, environment } from "./world.ts";

const fixtures = [
  "tools-call-simple-text",
  "tools-call-image",
  "tools-call-audio",
  "tools-call-embedded-resource",
  "tools-call-mixed-content",
  "tools-call-error",
  "tools-call-with-progress",
  "resources-read-text",
  "resources-read-binary",
  "resources-templates-read",
  "prompts-get-simple",
  "prompts-get-with-args",
  "prompts-get-embedded-resource",
  "prompts-get-with-image",
];
/** What fails, by revision and reason. */
const notServed: Record<string, Record<string, string[]>> = {
  "2025-11-25": {
    "asks for tools, resources and prompts of the suite's example server": fixtures,
    "a server without a state asks its client nothing and keeps no log level, no subscription": [
      "logging-set-level",
      "server-sse-multiple-streams",
      "tools-call-with-logging",
      "tools-call-sampling",
      "tools-call-elicitation",
      "elicitation-sep1034-defaults",
      "elicitation-sep1330-enums",
      "resources-subscribe",
      "resources-unsubscribe",
    ],
    "there is nothing that could be completed": ["completion-complete"],
    "the platform's front door knows which host it is": ["dns-rebinding-protection"],
  },
  "2026-07-28": {
    "asks for tools, resources and prompts of the suite's example server": [
      ...fixtures,
      "server-stateless",
    ],
    "no tool asks its client anything": [
      "input-required-result-basic-elicitation",
      "input-required-result-basic-sampling",
      "input-required-result-basic-list-roots",
      "input-required-result-request-state",
      "input-required-result-multiple-input-requests",
      "input-required-result-multi-round",
      "input-required-result-non-tool-request",
      "input-required-result-result-type",
      "input-required-result-tampered-state",
      "input-required-result-capability-check",
      "input-required-result-missing-input-response",
      "input-required-result-ignore-extra-params",
    ],
    "there is nothing that could be completed": ["completion-complete"],
    "the platform's front door knows which host it is": ["dns-rebinding-protection"],
  },
};

const sql = connect();
const { member } = await createWorld(sql);
Deno.test.afterAll(() => sql.end());

/** Forwards to the function as the member. */
function startProxy() {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${member.token}`);
    headers.delete("host");
    return await fetch(`${environment.url}/functions/v1/mcp`, {
      method: request.method,
      headers,
      body: request.body ? await request.arrayBuffer() : undefined,
    });
  });
}

for (const [revision, known] of Object.entries(notServed)) {
  Deno.test(`conformance: ${revision}`, async () => {
    await using proxy = startProxy();
    const folder = await Deno.makeTempDir();
    const baseline = `${folder}/expected-failures.yml`;
    await Deno.writeTextFile(
      baseline,
      `server:\n${Object.values(known).flat().map((name) => `  - ${name}\n`).join("")}`,
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "node_modules/@modelcontextprotocol/conformance/dist/index.js",
        "server",
        "--url",
        `http://127.0.0.1:${proxy.addr.port}/mcp`,
        "--requirements",
        revision,
        "--expected-failures",
        baseline,
        "--output-dir",
        folder,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    await Deno.remove(folder, { recursive: true });
    assertEquals(code, 0, said.slice(-6000));
    assert(said.includes("tools-list"), "it ran");
  });
}
