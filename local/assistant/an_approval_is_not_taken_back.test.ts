import assert from "node:assert/strict";
import { keepAnswers } from "../../examples/assistant/src/talk/keep-answers.ts";

/** A message of the assistant with one call. */
const asking = (state: string, id = "a") =>
  ({
    id,
    role: "assistant" as const,
    parts: [{ type: "tool-pay" as const, toolCallId: `call of ${id}`, state }],
  }) as never;

Deno.test("what was read before an approval arrived does not take it back from the screen", () => {
  const said = { id: "u", role: "user" as const, parts: [{ type: "text" as const, text: "Pay" }] };
  const shown = [said, asking("approval-responded")];
  assert.deepEqual(keepAnswers([said, asking("approval-requested")], shown), shown);
});

Deno.test("what is stored counts otherwise: once it goes on, and of what is not answered", () => {
  const shown = [asking("approval-responded")];
  for (
    const stored of [[asking("output-available")], [asking("approval-requested", "b")], []]
  ) {
    assert.deepEqual(keepAnswers(stored, shown), stored);
  }
  const waiting = [asking("approval-requested")];
  assert.deepEqual(keepAnswers(waiting, waiting), waiting);
  assert.deepEqual(keepAnswers(waiting, []), waiting);
});
