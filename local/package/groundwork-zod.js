#!/usr/bin/env node
/** Writes schemas of zod for the tables: `npx groundwork-zod schemas.ts [database.types.ts]`. */
import { readFile, writeFile } from "node:fs/promises";
import { argv, exit } from "node:process";
import { writeZodSchemas } from "./zod-schemas.js";

const [file, types = new URL("./database.types.d.ts", import.meta.url), ...more] = argv.slice(2);
if (!file || file.startsWith("-") || more.length > 0) {
  console.error("usage: groundwork-zod <the file to write> [<database.types.ts of your own>]");
  exit(2);
}
await writeFile(file, writeZodSchemas(await readFile(types, "utf8")));
