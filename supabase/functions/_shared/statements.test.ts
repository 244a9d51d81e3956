import { assertDeepEquals, assertEquals } from "./asserts.ts";
import {
  beginStatement,
  describeQuery,
  forAll,
  forThisRequest,
  hearStatements,
} from "./statements.ts";

/** A query as the client makes it of a tagged template. */
const query = (strings: TemplateStringsArray, ..._values: unknown[]) => ({ cancel() {}, strings });

Deno.test("a query is called by its operation and by what it names, without any value", () => {
  const cases = [
    [
      query`select private.claim_work(${"secret"}, 'private.secret') as work`,
      "SELECT private.claim_work",
    ],
    [
      query`
        select talk.id, private.belongs_to(talk.user_id) from public.conversations as talk
        where talk.id = ${"secret"}::public.secret and private.belongs_to(${1})`,
      "SELECT private.belongs_to public.conversations",
    ],
    [
      query`delete from private.scratch_values where key = ${"secret"}`,
      "DELETE private.scratch_values",
    ],
    [query`select 1`, "SELECT"],
    [query`${"secret"}`, "QUERY"],
    [undefined, "QUERY"],
  ] as const;
  for (const [asked, summary] of cases) {
    assertDeepEquals(describeQuery(asked?.strings), { operation: summary.split(" ")[0], summary });
  }
  const many = Array.from({ length: 40 }, (_, n) => `public.relation_${n}`).join(", ");
  const text = { cancel() {}, strings: [`select * from ${many}`] };
  assertEquals(describeQuery(text.strings).summary.length, 255);
});

Deno.test("statements are told to the request that sends them, and to no other", async () => {
  const heard: string[] = [];
  const start = (name: string) => () => {
    heard.push(name);
    return undefined;
  };
  const send = async () => {
    await Promise.resolve();
    beginStatement();
  };
  await send();
  await Promise.all([
    hearStatements(start("one"), () => send().then(send)),
    hearStatements(start("other"), send),
  ]);
  await send();
  assertDeepEquals(heard.toSorted(), ["one", "one", "other"]);
});

Deno.test("what is done for all is told to nobody, and what the runtime calls back to its request", async () => {
  const heard: string[] = [];
  const start = (name: string) => () => {
    heard.push(name);
    return undefined;
  };
  const later = async () => {
    await new Promise((go) => setTimeout(go));
    beginStatement();
  };
  let callBack = later;
  await hearStatements(start("one"), async () => {
    callBack = forThisRequest(later);
    await forAll(later);
    assertDeepEquals(heard, []);
    await later();
  });
  assertDeepEquals(heard, ["one"]);
  await later();
  await hearStatements(start("other"), callBack);
  await callBack();
  assertDeepEquals(heard, ["one", "one", "one"]);
});
