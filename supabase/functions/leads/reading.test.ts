/** Tables as vendors export them: each is read as it is meant. */
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { decodeFile } from "./decode-file.ts";
import { columnOf, foldHeading, mapHeadings, suggestColumns } from "./map-headings.ts";
import { readCsv } from "./read-csv.ts";
import { readValue } from "./read-values.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
function wide(text: string, isBig: boolean, mark: boolean): Uint8Array {
  const units = Array.from((mark ? "\ufeff" : "") + text, (one) => one.charCodeAt(0));
  return Uint8Array.from(
    units.flatMap((unit) => isBig ? [unit >> 8, unit & 255] : [unit & 255, unit >> 8]),
  );
}

const words = "State,Owner\r\nTX,Muñoz\r\n";
for (
  const [what, file] of [
    ["UTF-8", bytes(words)],
    ["UTF-8 with a mark", bytes(`\ufeff${words}`)],
    ["Windows-1252", Uint8Array.from(words, (one) => one.charCodeAt(0))],
    ["UTF-16, little end first", wide(words, false, true)],
    ["UTF-16, big end first", wide(words, true, true)],
    ["UTF-16 without a mark", wide(words, false, false)],
    ["UTF-16 without a mark, big end first", wide(words, true, false)],
  ] as const
) {
  Deno.test(`a file in ${what} is read`, () => {
    const { headings, records } = readCsv(decodeFile(file));
    assertDeepEquals(headings, ["State", "Owner"]);
    assertDeepEquals(records, [["TX", "Muñoz"]]);
  });
}

Deno.test("what Windows writes beside Latin-1, and what cannot be stored, is read too", () => {
  assertEquals(decodeFile(Uint8Array.of(0x93, 0x80, 0x94, 0x92)), "“€”’");
  assertEquals(decodeFile(bytes("a\0b")), "ab");
});

const table = { headings: ["State", "County", "APN"], records: [["TX", "Travis, East", "1"]] };
for (
  const [what, text] of [
    ["commas", 'State,County,APN\nTX,"Travis, East",1\n'],
    ["semicolons", "State;County;APN\nTX;Travis, East;1\n"],
    ["tabs", "State\tCounty\tAPN\nTX\tTravis, East\t1\n"],
    ["bars", "State|County|APN\nTX|Travis, East|1\n"],
    ["Excel's sep=", "sep=;\r\nState;County;APN\r\nTX;Travis, East;1\r\n"],
    ["a quoted sep=", '"sep=|"\r\nState|County|APN\r\nTX|Travis, East|1\r\n'],
    ["title lines", 'Leads of May\n\nExported 5/1/2026,,\nState,County,APN\nTX,"Travis, East",1\n'],
    ["lines of commas", 'State,County,APN\n,,\nTX,"Travis, East",1\n,,\n'],
    ["empty columns at the end", 'State,County,APN,,\nTX,"Travis, East",1,,\n'],
    ["CR line ends", 'State,County,APN\rTX,"Travis, East",1\r'],
  ] as const
) {
  Deno.test(`a table with ${what} is read`, () => assertDeepEquals(readCsv(text), table));
}

Deno.test("a heading means what vendors call it, in whatever spelling", () => {
  const known = {
    "APN": "parcel",
    "Parcel #": "parcel",
    " Property  ADDRESS ": "address",
    "Est. Value": "estimated_value_minor",
    "Sq Ft": "area_sqft",
    "Last Sale Date": "last_sale_date",
    "Phone 12": "phones",
    "E-Mail": "emails",
    "Absentee Owner": "is_absentee",
    "DNC": "do_not_call",
    "is_vacant": "is_vacant",
    "County 2": null,
    "Moon phase": null,
    "": null,
  };
  for (const [heading, column] of Object.entries(known)) {
    assertEquals(columnOf(heading), column, heading);
  }
  assertEquals(suggestColumns("Owners Name")[0], "owner_name");
  assertEquals(suggestColumns("Parcel Nummber")[0], "parcel");
  assertDeepEquals(suggestColumns("xyz"), []);
});

Deno.test("what the workspace keeps goes before what is known, and leaves out", () => {
  const kept = new Map([[foldHeading("Owner"), "notes"], [foldHeading("APN"), null]]);
  assertDeepEquals(mapHeadings(["owner ", "APN", "State"], kept), [
    { heading: "owner ", column: "notes", by: "kept" },
    { heading: "APN", column: null, by: "kept" },
    { heading: "State", column: "state", by: "known" },
  ]);
});

const money = "estimated_value_minor";
for (
  const [column, heading, given, read] of [
    [money, "Value", "$185,000.00", "18500000"],
    [money, "Value", "185000", "18500000"],
    [money, "Value", "185.000,50 €", "18500050"],
    [money, "Value", "$0.5", "50"],
    [money, "Value", "USD 1,234", "123400"],
    [money, "Value", "(1,000)", "-100000"],
    [money, "Value", "-$5", "-500"],
    [money, "Value", "9007199254740993.01", "900719925474099301"],
    [money, "Value", "1.234", "1.234"],
    [money, "Value", "about 5", "about 5"],
    [money, money, "18500000", "18500000"],
    [money, money, "$185,000.00", "18500000"],
    ["area_sqft", "Sq Ft", "1,850", "1850"],
    ["area_sqft", "Sq Ft", "1850.0", "1850"],
    ["bathrooms", "Baths", "2.5", "2.5"],
    ["bathrooms", "Baths", "2,5", "2.5"],
    ["last_sale_date", "Sold", "03/09/2024", "2024-03-09"],
    ["last_sale_date", "Sold", "3/9/24", "2024-03-09"],
    ["last_sale_date", "Sold", "12/31/1999 12:00:00 AM", "1999-12-31"],
    ["last_sale_date", "Sold", "31.12.1999", "1999-12-31"],
    ["last_sale_date", "Sold", "2024-03-09", "2024-03-09"],
    ["last_sale_date", "Sold", "20240309", "2024-03-09"],
    ["last_sale_date", "Sold", "45360", "2024-03-09"],
    ["last_sale_date", "Sold", "45360.75", "2024-03-09"],
    ["last_sale_date", "Sold", "02/30/2024", "02/30/2024"],
    ["last_sale_date", "Sold", "13/01/2024", "13/01/2024"],
    ["scraped_at", "Scraped", "3/9/2024 1:05 PM", "2024-03-09T13:05:00Z"],
    ["scraped_at", "Scraped", "45360.5", "2024-03-09T12:00:00.000Z"],
    ["is_vacant", "Vacant", "Y", "true"],
    ["is_vacant", "Vacant", "No", "false"],
    ["do_not_call", "DNC", "maybe", "maybe"],
    ["property_type", "Type", "Single Family", "single_family"],
    ["owner_name", "Owner", " N/A ", ""],
    ["owner_name", "Owner", " O'Hara ", "O'Hara"],
    ["zip", "Zip", "01234", "01234"],
  ] as const
) {
  Deno.test(`${heading}: ${given} is ${column} ${read}`, () =>
    assertEquals(readValue(column, heading, given), read));
}
