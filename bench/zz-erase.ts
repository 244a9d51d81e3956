import { startBenchDatabase } from "./database.ts";
const db = await startBenchDatabase({ redis: "none" });
const N = 200_000;
try {
  const src = await Deno.readTextFile(
    "supabase/rollbacks/20261121091430_verifying_redacted_logs.sql",
  );
  const grab = (name: string) => {
    const i = src.indexOf(`create function private.${name}`) >= 0
      ? src.indexOf(`create function private.${name}`)
      : src.indexOf(`create or replace function private.${name}`);
    return src.slice(i, src.indexOf("$$;\n", i) + 4);
  };
  const view = await Deno.readTextFile("supabase/rollbacks/20261121091400_audit_redactions.sql");
  const v = view.slice(
    view.indexOf("create view private.audit_leaves"),
    view.indexOf("from public.audit_log as entry;\n") + 31,
  );
  await db.execute(v.replace("private.audit_leaves", "private.old_leaves"));
  await db.execute(
    grab("recount_seals").replaceAll("recount_seals", "old_recount").replaceAll(
      "private.audit_leaves",
      "private.old_leaves",
    ),
  );
  await db.execute(
    grab("verify_audit_log").replaceAll("verify_audit_log", "old_verify").replaceAll(
      "recount_seals",
      "old_recount",
    ),
  );
  const ws = "00000000-0000-4000-b000-000000000001";
  await db.execute(`select private.seal_audit_log()`);
  for (let part = 0; part < 10; part++) {
    await db.execute(
      `insert into public.audit_log (workspace_id, actor_id, agent_id, action, subject_type, subject_id, detail, request_id)
      select '${ws}', md5('p' || (n % 100))::uuid, md5('a' || (n % 10))::uuid, 'session.turn', 'session', md5('s' || n / 10)::uuid::text,
        jsonb_build_object('model', 'small', 'tokens', n, 'note', repeat('x', 60)), 'r' || ${part} || '-' || n from generate_series(1, ${
        N / 10
      }) as n`,
    );
    await db.execute(`select private.seal_audit_log()`);
  }
  await db.execute("vacuum analyze public.audit_log");
  await db.execute(`select private.seal_audit_log()`);
  const time = async (f: string) => {
    const t = performance.now();
    const r = await db.execute(
      `select is_valid, entries, reason from private.${f}('${ws}', null)`,
    ) as unknown as { is_valid: boolean; entries: string; reason: string }[];
    if (!r[0]?.is_valid) throw new Error(f + JSON.stringify(r));
    return performance.now() - t;
  };
  const median = (x: number[]) => x.toSorted((a, b) => a - b)[Math.floor(x.length / 2)]!;
  const run = async (label: string, names: string[]) => {
    const t: Record<string, number[]> = Object.fromEntries(names.map((n) => [n, []]));
    for (let i = 0; i < 12; i++) {
      for (const n of i % 2 ? names : names.toReversed()) {
        const ms = await time(n);
        if (i > 0) t[n]!.push(ms);
      }
    }
    for (const n of names) {
      console.log(
        label,
        n,
        median(t[n]!).toFixed(0),
        "ms median",
        Math.max(...t[n]!).toFixed(0),
        "worst",
      );
    }
    if (names.length === 2) {
      console.log(
        label,
        "ratio new/old",
        (median(t[names[1]!]!) / median(t[names[0]!]!)).toFixed(3),
      );
    }
  };
  await run("no redactions", ["old_verify", "verify_audit_log"]);
  const erase = async (label: string, who: string) => {
    const t = performance.now();
    await db.execute(
      `insert into private.erasure_pseudonyms (workspace_id, pseudonym) values ('${ws}', md5('x${who}')::uuid)`,
    );
    const r = await db.execute(
      `select private.redact_audit_log('${ws}', md5('${who}')::uuid, '${who}@bench.example', md5('x${who}')::uuid) as n`,
    ) as unknown as { n: string }[];
    console.log(label, who, r[0]!.n, "entries", (performance.now() - t).toFixed(0), "ms");
  };
  await erase("redact", "p1");
  await erase("redact", "p2");
  await erase("redact nobody", "nobody");
  await db.execute(`select private.seal_audit_log()`);
  await run("1 erasure of 1%+1%", ["verify_audit_log"]);
  for (let i = 3; i < 13; i++) await erase("redact", `p${i}`);
  await run("10 erasures, 20k redacted", ["verify_audit_log"]);
  await db.execute("vacuum analyze public.audit_log; ");
  await run("10 erasures, after vacuum", ["verify_audit_log"]);
  const t = performance.now();
  await db.execute(`select private.erasure_places(md5('q')::uuid, 'q@bench.example', null)`);
  console.log("erasure_places", (performance.now() - t).toFixed(0), "ms");
} finally {
  await db.stop();
}
