import { assertDeepEquals, assertRefused } from "../_shared/asserts.ts";
import { readToken } from "./read-token.ts";

function request(query: string, protocols?: string): Request {
  const headers = new Headers();
  if (protocols !== undefined) headers.set("sec-websocket-protocol", protocols);
  return new Request(`http://localhost/sessions/1/connect${query}`, { headers });
}

Deno.test("the token is in the subprotocol or in the query, and only groundwork is answered", () => {
  const cases: [Request, token: string | undefined, protocol: string | null][] = [
    [request(""), undefined, null],
    [request("?access_token=a.b.c"), "a.b.c", null],
    [request("", "groundwork, bearer.a.b.c"), "a.b.c", "groundwork"],
    [request("", "bearer.a.b.c,groundwork"), "a.b.c", "groundwork"],
    [request("", "groundwork"), undefined, "groundwork"],
    [request("?access_token=q", "groundwork, bearer.p"), "p", "groundwork"],
    [request("?access_token=q", "groundwork, other"), "q", "groundwork"],
    [request("", "groundwork, groundwork.handover, bearer.p"), "p", "groundwork.handover"],
    [request("", "groundwork.handover, bearer.p"), "p", "groundwork.handover"],
  ];
  for (const [asked, token, protocol] of cases) {
    assertDeepEquals(readToken(asked), { token, protocol }, asked.url);
  }
});

Deno.test("protocols without groundwork, and parameters that are not known, are refused", async () => {
  for (
    const asked of [
      request("", "bearer.a.b.c"),
      request("", "chat"),
      request("?token=a"),
      request("?access_token="),
      request("?access_token=a&access_token=b"),
    ]
  ) await assertRefused(() => readToken(asked), 400, "invalid_parameter");
});
