import { deepStrictEqual } from "node:assert";
import type { Database } from "../database.ts";
import { notFound, toApiError } from "../errors.ts";
import type { Person } from "./authentication.ts";
import { createPlaces, refusedFor } from "./places.ts";

const workspace = "00000000-0000-4000-b000-000000000001";
const kim = { kind: "person", userId: "00000000-0000-4000-a000-000000000001" } as Person;

/** What a person hears of a workspace that was not found, where the directory answers so. */
async function hears(asking: () => Promise<unknown>): Promise<[number, string]> {
  const database = { run: asking } as unknown as Database;
  const refusal = refusedFor(notFound("The workspace"), workspace);
  const request = new Request("http://api.example/presence");
  const { status, code } = toApiError(await createPlaces(database).instead(refusal, request, kim));
  return [status, code];
}
const fails = (code: string) => () => Promise.reject(Object.assign(new Error("no"), { code }));

Deno.test("what was not found may be elsewhere, and a directory that is away says so", async () => {
  const place = { workspace_id: workspace, cell: "b", status: "elsewhere" };
  deepStrictEqual(await hears(() => Promise.resolve([place])), [421, "misdirected_workspace"]);
  deepStrictEqual(await hears(() => Promise.resolve([{ ...place, status: "here" }])), [
    404,
    "not_found",
  ]);
  deepStrictEqual(await hears(() => Promise.resolve([])), [404, "not_found"]);
  for (const code of ["57P03", "ECONNREFUSED", "CONNECT_TIMEOUT"]) {
    deepStrictEqual(await hears(fails(code)), [503, "unavailable"], code);
  }
  deepStrictEqual(await hears(fails("42883")), [404, "not_found"], "a fault of ours hides nothing");
});
