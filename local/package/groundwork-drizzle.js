#!/usr/bin/env node
/** Completes what `drizzle-kit pull` wrote into a folder: `npx groundwork-drizzle drizzle`. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, exit } from "node:process";
import { completeDrizzleRelations, completeDrizzleSchema } from "./drizzle-schema.js";

const [folder, ...more] = argv.slice(2);
if (!folder || folder.startsWith("-") || more.length > 0) {
  console.error("usage: groundwork-drizzle <the folder with drizzle-kit's schema.ts>");
  exit(2);
}
const [schemaFile, relationsFile] = [join(folder, "schema.ts"), join(folder, "relations.ts")];
const [schema, relations] = await Promise.all(
  [schemaFile, relationsFile].map((file) => readFile(file, "utf8")),
);
await writeFile(schemaFile, completeDrizzleSchema(schema));
await writeFile(relationsFile, completeDrizzleRelations(relations, schema));
