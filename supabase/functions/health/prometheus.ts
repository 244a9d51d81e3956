/** Figures in the text form that Prometheus reads (exposition format 0.0.4). */

/** What a family of series is. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
}

/** One series: its labels in the order in which they are written. */
export interface Sample {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const escapeLabel = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

/** A series by its name and labels, `groundwork_work{queue="chores",state="pending"}`. */
export function nameSeries({ name, labels = {} }: Omit<Sample, "value">): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

const bucketOf = /^(.*_bucket\{.*,)le="([^"]+)"\}$/;
const boundOf = (text: string) => text === "+Inf" ? Infinity : Number(text);

/**
 * Isolates count a request in one bucket; Prometheus wants each bucket with all below it, and the
 * number of all. Makes that of the counters, and leaves everything else as it is.
 *
 * @param bounds every bucket that a histogram has: one that nobody counted in is 0
 */
export function cumulate(
  counters: Readonly<Record<string, number>>,
  bounds: readonly number[],
): Map<string, number> {
  const whole = new Map<string, number>();
  const histograms = new Map<string, Map<number, number>>();
  for (const [series, value] of Object.entries(counters)) {
    const [, head, bound] = bucketOf.exec(series) ?? [];
    if (head === undefined || bound === undefined) whole.set(series, value);
    else histograms.set(head, (histograms.get(head) ?? new Map()).set(boundOf(bound), value));
  }
  for (const [head, counted] of histograms) {
    let total = 0;
    for (const bound of bounds) {
      total += counted.get(bound) ?? 0;
      whole.set(`${head}le="${bound === Infinity ? "+Inf" : bound}"}`, total);
    }
    whole.set(head.replace("_bucket{", "_count{").replace(/,$/, "}"), total);
  }
  return whole;
}

const familyOf = (series: string) => series.replace(/\{.*$/, "");
const suffixes = /_(bucket|sum|count)$/;

/**
 * The whole text. Series of no family are left out: an isolate of another version may have counted
 * what this one does not know.
 */
export function formatMetrics(
  families: readonly Family[],
  series: ReadonlyMap<string, number>,
): string {
  const lines = new Map<string, string[]>(families.map(({ name }) => [name, []]));
  for (const [name, value] of series) {
    const own = familyOf(name);
    const family = lines.get(own) ?? lines.get(own.replace(suffixes, ""));
    family?.push(`${name} ${value === Infinity ? "+Inf" : value}`);
  }
  return families.flatMap(({ name, type, help }) => {
    const own = lines.get(name) ?? [];
    return own.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...own];
  }).join("\n") + "\n";
}
