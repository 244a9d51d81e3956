/** Gives the older `deno test` what our test files use of the newer one's. */

/** What a file closes when its tests are over. The process ends then: nothing waits for it. */
function afterAll(close: () => unknown): void {
  addEventListener("unload", () => void close());
}

type Given = Record<string, unknown> | string | (() => unknown);
const define = Deno.test as unknown as (...given: Given[]) => void;

/**
 * Node's sockets and servers leave timers and reads behind there. What our own code leaves behind is
 * found where the same files run on the newer one.
 */
function test(...given: Given[]): void {
  const known = given.find((one) => typeof one === "object") ?? {};
  const rest = given.filter((one) => typeof one !== "object");
  const options = { ...known, sanitizeOps: false, sanitizeResources: false };
  if (typeof rest[0] === "string") define(rest[0], options, ...rest.slice(1));
  else define(options, ...rest);
}

const { ignore, only } = Deno.test;
if (!("afterAll" in (Deno.test as object))) {
  Object.assign(Deno, { test: Object.assign(test, { ignore, only, afterAll }) });
}
