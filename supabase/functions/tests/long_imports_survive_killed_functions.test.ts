/** The short form of `npm run import-drill`, which takes 100,000 rows. */
import { assertEquals } from "../_shared/asserts.ts";
import { drillImport, type Stop } from "./import-drill.ts";

const stops: Stop[] = [
  ["after", "import_lead_piece", 1],
  ["before", "import_lead_piece", 2],
  ["before", "finish_lead_import", 1],
];

Deno.test("each of 2,000 rows is taken or named in the report, none twice, over 3 kills", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const told = await drillImport({ rows: 2000, stops, waits: false, seed });
  console.log(JSON.stringify(told));
  assertEquals(told.kills, stops.length);
});
