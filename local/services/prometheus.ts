import { canInstall, findProgram } from "./machine-programs.ts";
import { exists, run, tryRun } from "./processes.ts";
import { withLock } from "./root.ts";

/** Prometheus and its tool for rules and metrics. */
export interface PrometheusPrograms {
  prometheus: string;
  promtool: string;
}

const FOLDER = "/var/lib/groundwork/prometheus";
const NAMES = ["prometheus", "promtool"] as const;

async function findIn(path?: string): Promise<PrometheusPrograms | null> {
  const [prometheus, promtool] = await Promise.all(NAMES.map((name) => findProgram([name], path)));
  return prometheus && promtool ? { prometheus, promtool } : null;
}

/**
 * The programs of Debian's package, which is unpacked beside the services and not installed: its
 * installation would start a server that nobody asked for. Null where there are none and none can be
 * had.
 */
export async function providePrometheus(
  log: (line: string) => void,
): Promise<PrometheusPrograms | null> {
  const known = await findIn() ?? await findIn(`${FOLDER}/usr/bin`);
  if (known || !await canInstall()) return known;
  await withLock("prometheus", async () => {
    if (await findIn(`${FOLDER}/usr/bin`)) return;
    log(`unpacking prometheus (apt) into ${FOLDER}`);
    const download = await Deno.makeTempDir({ prefix: "groundwork-prometheus-" });
    try {
      await tryRun("apt-get", ["update", "-qq"]);
      const { code, stderr } = await tryRun("sh", [
        "-c",
        `cd ${download} && apt-get download -qq prometheus`,
      ]);
      if (code !== 0) return log(`prometheus could not be had: ${stderr.trim()}`);
      const unpacked = `${FOLDER}.unpacking`;
      if (await exists(unpacked)) await Deno.remove(unpacked, { recursive: true });
      for await (const { name } of Deno.readDir(download)) {
        await run("dpkg-deb", ["--extract", `${download}/${name}`, unpacked]);
      }
      if (await exists(FOLDER)) await Deno.remove(FOLDER, { recursive: true });
      await Deno.rename(unpacked, FOLDER);
    } finally {
      await Deno.remove(download, { recursive: true });
    }
  });
  return await findIn(`${FOLDER}/usr/bin`);
}
