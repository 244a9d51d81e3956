/** Edge functions. */
import { FunctionRegion } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { outcomeOf } from "../outcome.ts";
import type { Calls } from "../world.ts";

export const functions: Calls = {
  "functions.invoke": ({ open }) =>
    outcomeOf(open().functions.invoke("mirror", { body: { a: 1 } }), ({ data }) => {
      assert.deepEqual([data.method, data.body], ["POST", '{"a":1}']);
    }),
  "functions.invoke: by another method": ({ open }) =>
    outcomeOf(
      open().functions.invoke("mirror/deep", { method: "PATCH", body: "text" }),
      (answer) => {
        assert.equal(answer.data.method, "PATCH");
      },
    ),
  "functions.invoke: in a region": ({ open }) =>
    outcomeOf(
      open().functions.invoke("mirror", { region: FunctionRegion.EuCentral1 }),
      ({ data }) => assert.equal(data.region, "eu-central-1"),
    ),
  "functions.invoke: one that answers with an error": ({ open }) =>
    outcomeOf(open().functions.invoke("mirror", { method: "DELETE" })),
  "functions.invoke: one that is not there": ({ open }) =>
    outcomeOf(open().functions.invoke("nothing")),
  "functions.setAuth": ({ open }) => {
    const { functions } = open();
    functions.setAuth("a-token");
    return outcomeOf(functions.invoke("mirror"), ({ data }) => {
      assert.equal(data.authorization, "Bearer a-token");
    });
  },
};
