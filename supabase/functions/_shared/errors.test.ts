import { assert, assertDeepEquals, assertEquals } from "./asserts.ts";
import { ApiError, errorBody, toApiError } from "./errors.ts";

function fault(code: string, message = "inside", extras: Record<string, string> = {}) {
  return Object.assign(new Error(message), { code }, extras);
}

Deno.test("what the database says to clients is passed on with status, code, hint and headers", () => {
  const error = toApiError(fault("PGRST", '{"code":"last_owner","message":"No.","hint":"Ask."}', {
    detail: '{"status":409,"headers":{"Retry-After":"9"}}',
  }));
  assertEquals(error.status, 409);
  assertDeepEquals(error.headers, { "retry-after": "9" });
  assertEquals(errorBody(error), '{"error":{"code":"last_owner","message":"No.","hint":"Ask."}}');
});

Deno.test("without a hint the body has none", () => {
  const error = toApiError(fault("PGRST", '{"code":"a","message":"b","hint":null}', {
    detail: '{"status":400,"headers":{}}',
  }));
  assertEquals(errorBody(error), '{"error":{"code":"a","message":"b"}}');
});

for (
  const code of [
    "57014",
    "53300",
    "08006",
    "57P01",
    "40P01",
    "ECONNREFUSED",
    "CONNECT_TIMEOUT",
    "CONNECTION_CLOSED",
  ]
) {
  Deno.test(`${code} passes by itself: 503 with Retry-After`, () => {
    const error = toApiError(fault(code));
    assertEquals(error.status, 503);
    assertEquals(error.code, "unavailable");
    assert("retry-after" in error.headers);
  });
}

for (
  const thrown of [
    fault("23505", 'duplicate key value violates unique constraint "agents_slug"'),
    fault("PGRST", "not JSON: inside"),
    new TypeError("inside"),
    "inside",
    undefined,
  ]
) {
  Deno.test(`nothing of the inside is told: ${thrown}`, () => {
    const error = toApiError(thrown);
    assertEquals(error.status, 500);
    assertEquals(
      errorBody(error),
      '{"error":{"code":"internal","message":"Something went wrong on our side."}}',
    );
  });
}

Deno.test("an answer that was decided on stays as it is", () => {
  const decided = new ApiError(418, "teapot", "short and stout");
  assertEquals(toApiError(decided), decided);
});
