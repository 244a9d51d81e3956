/** One archive that apt fetches packages from. */
export interface AptSource {
  uri: string;
  suites: string[];
  components: string[];
}

/**
 * Reads apt's two source formats: one-line (`deb [options] uri suite component…`) and deb822
 * (`Types:`, `URIs:`, `Suites:` …, stanzas separated by blank lines). Source packages, disabled
 * stanzas and comments are left out.
 */
export function parseAptSources(text: string): AptSource[] {
  return /^\s*(Types|URIs)\s*:/im.test(text) ? parseDeb822(text) : parseOneLine(text);
}

function parseOneLine(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (!entry) return [];
    const [, uri = "", suite = "", components = ""] = entry;
    return [{ uri, suites: [suite], components: words(components) }];
  });
}

function parseDeb822(text: string): AptSource[] {
  const withoutComments = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let name = "";
    for (const line of stanza.split("\n")) {
      const field = /^([A-Za-z-]+)\s*:\s*(.*)$/.exec(line);
      if (field) {
        name = field[1]!.toLowerCase();
        fields.set(name, field[2]!);
      } else if (name) {
        fields.set(name, `${fields.get(name)} ${line.trim()}`);
      }
    }
    const isWanted = words(fields.get("types")).includes("deb") &&
      !/^(no|false|off|0|without)$/i.test(fields.get("enabled") ?? "yes");
    if (!isWanted) return [];
    return words(fields.get("uris")).map((uri) => ({
      uri,
      suites: words(fields.get("suites")),
      components: words(fields.get("components")),
    }));
  });
}

/**
 * The mirror of Debian itself among a machine's sources: the one that serves the installed release's
 * own suite (not its security or backports suite), so that another release can be asked of it.
 * Null when none does, as on Ubuntu.
 */
export function findDebianMirror(sources: AptSource[], codename: string): string | null {
  const names = [codename, "stable", "testing"];
  const source = sources.find(({ suites, components }) =>
    components.includes("main") && suites.some((suite) => names.includes(suite))
  );
  return source?.uri ?? null;
}

/** The lines of `apt-config dump` that decide whether a mirror can be reached and believed. */
export function connectionOptions(aptConfigDump: string): string[] {
  const option =
    /^Acquire::((https?|ftp)::\S*(Proxy|CaInfo|Verify-\S+)|Check-Valid-Until|Check-Date)/;
  return aptConfigDump.split("\n").filter((line) => option.test(line) && !/ "";$/.test(line));
}

const words = (text = ""): string[] => text.split(/\s+/).filter((word) => word !== "");
