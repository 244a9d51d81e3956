import { assertDeepEquals } from "../_shared/asserts.ts";
import { compareStates } from "./room-watch.ts";
import { memberName, type Present, typingName } from "./rooms.ts";

function here(id: string, status = "online", metadata: Present["metadata"] = {}) {
  const present: Present = { kind: "person", id, status, metadata, ends_at: "2026-01-01" };
  return [memberName("person", id), present] as const;
}
function state(members: (readonly [string, Present])[], typing: string[] = []) {
  return { members: new Map(members), typing: new Set(typing) };
}

Deno.test("whoever is new joined, whoever is missing left, whoever says otherwise changed", () => {
  const before = state([here("ada"), here("bob"), here("eve")]);
  const after = state([here("ada"), here("bob", "away"), here("zoe")]);
  assertDeepEquals(compareStates(before, after), [
    { event: "changed", data: here("bob", "away")[1] },
    { event: "joined", data: here("zoe")[1] },
    { event: "left", data: { kind: "person", id: "eve" } },
  ]);
});

Deno.test("a heartbeat that only moves the end is no event", () => {
  const later: Present = { ...here("ada")[1], ends_at: "2026-01-02" };
  assertDeepEquals(
    compareStates(state([here("ada")]), state([[memberName("person", "ada"), later]])),
    [],
  );
});

Deno.test("typing begins and ends", () => {
  const ada = { conversation_id: "talk", user_id: "ada" };
  const bob = { conversation_id: "talk", user_id: "bob" };
  assertDeepEquals(
    compareStates(state([], [typingName(ada)]), state([], [typingName(bob)])),
    [
      { event: "typing", data: { ...bob, is_typing: true } },
      { event: "typing", data: { ...ada, is_typing: false } },
    ],
  );
});
