import assert from "node:assert/strict";
import { Misuse, readOptions } from "./options.ts";

const key = "0123456789abcdef";
const read = (args: string, more: Record<string, string> = {}) => {
  const env: Record<string, string> = { GROUNDWORK_BACKUP_KEY: key, ...more };
  return readOptions(args.split(" "), (name) => env[name]);
};

Deno.test("a backup is what changed, unless all of it is asked for, or a check", () => {
  const opened = { key, options: {} };
  assert.deepEqual(read("backup"), { ...opened, command: "backup", type: "incr" });
  assert.deepEqual(read("backup --full"), { ...opened, command: "backup", type: "full" });
  assert.deepEqual(read("backup --check"), { ...opened, command: "check" });
});

Deno.test("a restore is of a time with its offset, into a server of its own", () => {
  const at = (time: string) => readOptions(["restore", "--at", time], () => key.repeat(2));
  const moments = ["2026-11-20T14:59:00Z", "2026-11-20 14:59+01:30", "2026-11-20T14:59:00.25-05"];
  const read = moments.map((time) => {
    const request = withKeyAlone(time);
    return request.command === "restore" ? request.at : undefined;
  });
  assert.deepEqual(read, [
    "2026-11-20 14:59:00+00",
    "2026-11-20 14:59:00+01:30",
    "2026-11-20 14:59:00.25-05",
  ]);
  for (const bad of ["yesterday", "2026-11-20T14:59:00", "2026-13-40T00:00:00Z", "14:59Z"]) {
    assert.throws(() => withKeyAlone(bad), Misuse);
  }
  assert.throws(() => at(moments[0]!), Misuse, "options that are no JSON");
});

const withKeyAlone = (time: string) =>
  readOptions(
    ["restore", "--at", time],
    (name) => name === "GROUNDWORK_BACKUP_KEY" ? key : undefined,
  );

Deno.test("nothing is done without a key, over the server that is kept, or by an option that there is not", () => {
  assert.throws(() => readOptions(["backup"], () => undefined), /GROUNDWORK_BACKUP_KEY/);
  assert.throws(() => read("backup", { GROUNDWORK_BACKUP_KEY: "short" }), /GROUNDWORK_BACKUP_KEY/);
  for (
    const bad of ["restore --into main", "restore --into A", "restore --port 0", "backup --at x"]
  ) {
    assert.throws(() => read(bad), Misuse, bad);
  }
});

Deno.test("options of pgBackRest are names and texts of one line: none begins a section of its own", () => {
  const options = (text: string) => read("backup", { GROUNDWORK_BACKUP_OPTIONS: text }).options;
  assert.deepEqual(options('{"repo1-type":"s3"}'), { "repo1-type": "s3" });
  for (
    const bad of ["{", "[]", '{"a b":"c"}', '{"process-max":2}', '{"repo1-type":"s3\\n[other]"}']
  ) {
    assert.throws(() => options(bad), /GROUNDWORK_BACKUP_OPTIONS/, bad);
  }
});
