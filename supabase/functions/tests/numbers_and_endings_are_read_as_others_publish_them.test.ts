import fc from "fast-check";
import { getCountries, getExampleNumber, parsePhoneNumberFromString } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { assert, assertDeepEquals } from "../_shared/asserts.ts";
import { connect } from "./world.ts";

const sql = connect();

/** How the library reads what people write, in the form that we keep. */
function readByLibrary(written: string): string | null {
  const read = parsePhoneNumberFromString(written, "US");
  if (!read?.isValid()) return null;
  return read.number + (read.ext ? `;ext=${read.ext}` : "");
}

async function readByDatabase(written: string[]): Promise<(string | null)[]> {
  const rows = await sql<{ phone: string | null }[]>`
    select private.read_phone(one.written) as phone
    from jsonb_array_elements_text(${sql.json(written)}) with ordinality as one (written, place)
    order by one.place`;
  return rows.map(({ phone }) => phone);
}

Deno.test("an example of each country's numbers is a number, as the library writes it", async () => {
  const numbers = getCountries().flatMap((country) => getExampleNumber(country, examples) ?? []);
  assert(numbers.length > 200, `${numbers.length} countries`);
  const international = await readByDatabase(numbers.map((one) => one.formatInternational()));
  assertDeepEquals(international, numbers.map((one) => one.number));
  const uris = await readByDatabase(numbers.map((one) => one.format("RFC3966")));
  assertDeepEquals(uris, numbers.map((one) => one.number));
});

Deno.test("numbers of North America are read as the library reads them, however they are written", async () => {
  const digit = fc.integer({ min: 0, max: 9 }).map(String);
  const digits = (length: number) =>
    fc.array(digit, { minLength: length, maxLength: length }).map((all) => all.join(""));
  const areas = fc.constantFrom("512", "212", "808", "416", "787");
  const first = fc.integer({ min: 2, max: 9 }).map(String);
  const between = fc.constantFrom("", " ", "-", ".", " - ");
  const written = fc.record({
    before: fc.constantFrom("", "1 ", "+1 ", "1-", "+1", "tel:+1"),
    area: areas,
    round: fc.boolean(),
    exchange: fc.tuple(first, digits(2)).map((parts) => parts.join("")),
    line: digits(4),
    signs: fc.tuple(between, between),
    extension: fc.option(digits(3), { nil: null }),
    called: fc.constantFrom(" x", " ext. ", " ext ", ";ext=", " #", " extension "),
  }).map(({ before, area, round, exchange, line, signs, extension, called }) =>
    `${before}${round ? `(${area})` : area}${signs[0]}${exchange}${signs[1]}${line}` +
    (extension === null ? "" : called + extension)
  );
  const seed = Number(crypto.getRandomValues(new Uint32Array(1))[0]);
  const samples = fc.sample(written, { numRuns: 2000, seed });
  const read = await readByDatabase(samples);
  for (const [place, sample] of samples.entries()) {
    const expected = readByLibrary(sample);
    // What the library finds valid is kept; it also knows exchanges that nobody has yet.
    if (expected !== null) {
      assertDeepEquals({ sample, read: read[place], seed }, { sample, read: expected, seed });
    }
  }
});

Deno.test("every ending on the provider's list means something", async () => {
  const list = await Deno.readTextFile(new URL("ended-reasons.txt", import.meta.url));
  const reasons = list.trim().split("\n");
  assert(reasons.length > 500, `${reasons.length} endings`);
  const unknown = await sql`
    select reason from jsonb_array_elements_text(${sql.json(reasons)}) as reason
    where not exists (
      select from private.call_endings as e where starts_with(reason, e.begins_with))`;
  assertDeepEquals(unknown.map(({ reason }) => reason), []);
});

Deno.test("the connection is closed", () => sql.end());
