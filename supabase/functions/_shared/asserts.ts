/**
 * The few assertions that the tests use, from Node's own library. The one place to exchange them.
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { ApiError } from "./errors.ts";

export { deepStrictEqual as assertDeepEquals, ok as assert, strictEqual as assertEquals };

/** Asserts that something is refused with this status and code. */
export async function assertRefused(
  work: () => unknown,
  status: number,
  code: string,
): Promise<ApiError> {
  let refusal: ApiError | undefined;
  await rejects(async () => await work(), (error) => {
    ok(error instanceof ApiError, `expected an ApiError, not ${error}`);
    deepStrictEqual({ status: error.status, code: error.code }, { status, code });
    refusal = error;
    return true;
  });
  return refusal as ApiError;
}

/** Waits until something is true, for at most five seconds: for what happens in the background. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>) {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`did not come true: ${what}`);
}
