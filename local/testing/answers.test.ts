import assert from "node:assert/strict";
import { hearAnswers } from "./answers.ts";

Deno.test("what a test got is not missing, and all else that is described is", async () => {
  await using heard = await hearAnswers();
  const [file = ""] = Object.values(heard.env);
  const before = await heard.listMissing();
  assert.ok(before.includes("openSession 201") && before.includes("openSession 200"));
  await Deno.writeTextFile(file, "openSession 201\nopenSession 409\n", { append: true });
  const after = await heard.listMissing();
  assert.deepEqual(before.filter((one) => !after.includes(one)), ["openSession 201"]);
});

Deno.test("errors and sockets are not looked for", async () => {
  await using heard = await hearAnswers();
  const missing = await heard.listMissing();
  assert.deepEqual(missing.filter((one) => /default| [45]\d\d$| 101$/.test(one)), []);
});
