import { findFreePort } from "../../../local/ports.ts";
import { providePrometheus } from "../../../local/services/prometheus.ts";
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { serve } from "../_shared/http/app.ts";
import { app as agents } from "../agents/index.ts";
import { app as health } from "../health/index.ts";
import { app as sessions } from "../sessions/index.ts";
import { withQueue } from "./queues.ts";
import { connect, createWorld, environment, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, owner, member, agent } = world;
const token = "a-token-of-a-scraper";
const programs = await providePrometheus(console.log);
const lax = { sanitizeResources: false, sanitizeOps: false };
Deno.test.afterAll(() => sql.end());

/** The metrics by their series, as a scraper with the token reads them from an isolate that has just begun. */
async function scrape(): Promise<Map<string, number>> {
  await using isolate = startIsolate({ metricsToken: token });
  const response = await serve(health, () => isolate.services).fetch(
    new Request(`${environment.url}/health/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  );
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).split("\n").filter((line) => line && line[0] !== "#");
  return new Map(lines.map((line) => {
    const place = line.lastIndexOf(" ");
    return [line.slice(0, place), Number(line.slice(place + 1))];
  }));
}

Deno.test(
  "metrics are for a secret key and for the scraper's token, and for nobody else",
  lax,
  async () => {
    assertEquals(
      (await fetchMetrics({ apikey: environment.secretKeys.default ?? "" })).status,
      200,
    );
    const wrong: Record<string, string>[] = [
      {},
      { apikey: "sb_secret_wrong" },
      { apikey: environment.publishableKeys.default ?? "" },
      { authorization: `Bearer ${token}` }, // a token where none is set
      { authorization: `Bearer ${owner.token}` },
    ];
    for (const headers of wrong) {
      const refused = await fetchMetrics(headers);
      assertEquals(refused.status, 401);
      assertEquals((await refused.json()).error.code, "not_authenticated");
    }
    assert((await scrape()).size > 20);
    await using isolate = startIsolate({ metricsToken: token });
    const refused = await isolate.ask(health, "GET", "/health/metrics", {
      headers: { authorization: "Bearer a-token-of-a-scrapes" },
    });
    assertEquals(refused.status, 401);
  },
);

async function fetchMetrics(headers: Record<string, string>): Promise<Response> {
  const response = await fetch(`${environment.url}/functions/v1/health/metrics`, { headers });
  return new Response(await response.text(), response);
}

Deno.test(
  "what isolates counted is added up, by route and code and never by a name of anybody",
  lax,
  async () => {
    const route = 'groundwork_requests_total{function="agents",route="/:id/access",method="GET"';
    const before = await scrape();
    for (let n = 0; n < 2; n++) {
      await using isolate = startIsolate({ redis: null });
      const path = `/agents/${agent}/access`;
      for (let time = 0; time < 3; time++) await isolate.ask(agents, "GET", path, { as: owner });
      assertEquals(
        (await isolate.ask(agents, "GET", "/agents/x/access", { as: owner })).status,
        400,
      );
      assertEquals((await isolate.ask(agents, "GET", "/agents/no/way", { as: owner })).status, 404);
      await isolate.services.metrics.flush();
    }
    const after = await scrape();
    const grown = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0);
    assert(grown(`${route},status="2xx"}`) >= 6);
    assert(grown(`${route},status="4xx"}`) >= 2);
    assert(grown('groundwork_request_errors_total{function="agents",code="unknown_route"}') >= 2);
    assert(grown('groundwork_permission_answers_total{source="memory"}') >= 4);
    assert(grown('groundwork_permission_answers_total{source="database"}') >= 1);
    const times = 'groundwork_request_duration_seconds_bucket{function="agents",le="+Inf"}';
    assertEquals(
      grown(times),
      grown('groundwork_request_duration_seconds_count{function="agents"}'),
    );
    assert(grown(times) >= 10);
    for (const series of after.keys()) {
      assert(!/[0-9a-f]{8}-[0-9a-f]{4}/.test(series), `an id in ${series}`);
    }
  },
);

/** As scrape, once isolates of other tests have told what they had counted of these series. */
async function scrapeSettled(...series: string[]): Promise<Map<string, number>> {
  for (let last = await scrape();;) {
    await new Promise((resolve) => setTimeout(resolve, 6000)); // an isolate tells after five seconds
    const now = await scrape();
    if (series.every((name) => now.get(name) === last.get(name))) return now;
    last = now;
  }
}

Deno.test("turns and what they used are counted once", lax, async () => {
  await using isolate = startIsolate({ redis: null });
  const opened = await isolate.ask(sessions, "POST", "/sessions", {
    as: owner,
    body: { agent_id: agent },
  });
  const turn = {
    request_id: crypto.randomUUID(),
    usage: [{ kind: "tokens", quantity: 1234, unit: "input_token" }],
  };
  const before = await scrapeSettled(
    "groundwork_turns_total",
    'groundwork_usage_total{kind="tokens"}',
  );
  for (const status of [201, 200]) {
    const path = `/sessions/${opened.body.session_id}/turns`;
    const told = await isolate.ask(sessions, "POST", path, { as: owner, body: turn });
    assertEquals(told.status, status);
  }
  await isolate.services.metrics.flush();
  const after = await scrape();
  const grown = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  assertEquals(grown("groundwork_turns_total"), 1);
  assertEquals(grown('groundwork_usage_total{kind="tokens"}'), 1234);
});

Deno.test({
  name: "queues, jobs, sealing, budgets and Redis are told",
  ...lax,
  async fn() {
    await withQueue(sql, async (queue) => {
      await sql`select private.enqueue_work(${queue}, ${
        sql.json([{ workspace_id: workspace }, { workspace_id: workspace }])
      })`;
      const told = await scrape();
      assertEquals(told.get(`groundwork_work{queue="${queue}",state="pending"}`), 2);
      assertEquals(told.get(`groundwork_work{queue="${queue}",state="failed"}`), 0);
      assert((told.get(`groundwork_work_oldest_due_seconds{queue="${queue}"}`) ?? -1) >= 0);
      assert(told.has('groundwork_job_failing{job_name="seal-audit-log"}'));
      assert((told.get("groundwork_audit_sealing_lag_seconds") ?? -1) >= 0);
      assert((told.get("groundwork_audit_entries_total") ?? 0) > 0);
      assert(told.has('groundwork_budgets_used_up{period="month"}'));
      assertEquals(told.get("groundwork_database_up"), 1);
      assertEquals(told.get("groundwork_redis_up"), environment.redis ? 1 : undefined);
    });
  },
});

Deno.test({
  name: "without the database a scrape says so, and is answered",
  ...lax,
  async fn() {
    await using isolate = startIsolate({
      databaseUrl: "postgresql://postgres@127.0.0.1:9/postgres",
      redis: null,
    });
    const response = await serve(health, () => isolate.services).fetch(
      new Request(`${environment.url}/health/metrics`, {
        headers: { apikey: environment.secretKeys.default ?? "" },
      }),
    );
    const lines = (await response.text()).split("\n").filter((line) => line && line[0] !== "#");
    assertDeepEquals(lines, ["groundwork_database_up 0", "groundwork_figures_up 0"]);
  },
});

Deno.test({
  name: "Debian's Prometheus scrapes them, and draws each panel of the dashboard",
  ignore: programs === null, // told as skipped: neither installed nor to be had here
  ...lax,
  async fn() {
    await using isolate = startIsolate({ metricsToken: token, redis: null });
    await isolate.ask(agents, "GET", `/agents/${agent}/access`, { as: member });
    await isolate.services.metrics.flush();
    const quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using front = Deno.serve(quiet, serve(health, () => isolate.services).fetch);
    await using prometheus = await startPrometheus(front.addr.port);
    const query = async (expr: string) => {
      const url = `${prometheus.url}/api/v1/query?query=${encodeURIComponent(expr)}`;
      const said = await (await fetch(url)).json();
      assertEquals(said.status, "success", `${expr}: ${said.error}`);
      return said.data.result as { value: [number, string] }[];
    };
    await eventually(
      "it has scraped",
      async () => (await query("groundwork_database_up")).length > 0,
    );
    assertEquals((await query('up{job="groundwork"}'))[0]?.value[1], "1");
    assert((await query("groundwork_requests_total")).length > 0);
    const board = JSON.parse(
      await Deno.readTextFile(new URL("../../../monitoring/dashboard.json", import.meta.url)),
    );
    const targets = board.panels.flatMap((panel: { targets?: unknown[] }) => panel.targets ?? []);
    assert(targets.length > 20);
    for (const { expr } of targets as { expr: string }[]) {
      await query(expr.replaceAll("$job", "groundwork").replaceAll("$__rate_interval", "1m"));
    }
    const { groups } = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()).data;
    const rules = groups.flatMap((group: { rules: unknown[] }) => group.rules);
    assert(rules.length > 10 && rules.every((rule: { lastError?: string }) => !rule.lastError));
  },
});

/** Prometheus with our rules and a target on this machine, in a folder of its own. */
async function startPrometheus(port: number) {
  const folder = await Deno.makeTempDir({ prefix: "groundwork-prometheus-" });
  const rules = new URL("../../../monitoring/alerts.yml", import.meta.url).pathname;
  await Deno.writeTextFile(`${folder}/token`, token);
  await Deno.writeTextFile(
    `${folder}/prometheus.yml`,
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [rules],
      scrape_configs: [{
        job_name: "groundwork",
        metrics_path: "/health/metrics",
        authorization: { credentials_file: `${folder}/token` },
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      }],
    }),
  );
  const own = findFreePort();
  const child = new Deno.Command(programs!.prometheus, {
    args: [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${own}`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${own}`;
  await eventually("Prometheus is ready", () =>
    fetch(`${url}/-/ready`).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false));
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
