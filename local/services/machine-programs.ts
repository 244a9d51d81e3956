/** Programs of the machine itself: found in its PATH, on Debian and Ubuntu as root installed. */
import { exists, tryRun } from "./processes.ts";

/** A program, under each name that it has, and the package of Debian that has it. */
export interface MachineProgram {
  names: string[];
  package: string;
}

/** The path of a program in PATH; null where it is not installed. */
export async function findProgram(
  names: string[],
  path: string = Deno.env.get("PATH") ?? "",
): Promise<string | null> {
  for (const folder of path.split(":")) {
    for (const name of names) {
      if (folder !== "" && await exists(`${folder}/${name}`)) return `${folder}/${name}`;
    }
  }
  return null;
}

/** Whether packages can be installed here: as `npm run services` does it, on Debian or Ubuntu as root. */
export async function canInstall(): Promise<boolean> {
  return Deno.build.os === "linux" && Deno.uid() === 0 && await exists("/etc/debian_version") &&
    await findProgram(["apt-get"]) !== null;
}

/** The path of a program, installed where it is missing; null where there is none and none can be installed. */
export async function provideProgram(
  program: MachineProgram,
  log: (line: string) => void,
): Promise<string | null> {
  const found = await findProgram(program.names);
  if (found || !await canInstall()) return found;
  log(`installing ${program.package} (apt)`);
  const quietly = ["-o", "Dpkg::Use-Pty=0", "-qq", "--no-install-recommends"];
  await tryRun("apt-get", ["update", "-qq"]);
  const { code, stderr } = await tryRun("apt-get", [
    "install",
    "-y",
    ...quietly,
    program.package,
  ]);
  if (code !== 0) log(`${program.package} could not be installed: ${stderr.trim()}`);
  return await findProgram(program.names);
}
