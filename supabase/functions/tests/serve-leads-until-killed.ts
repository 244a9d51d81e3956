/**
 * A process of its own that serves the function `leads` on a free port, which it prints, for a test to kill. Arguments:
 * before or after, a function of the database, a number: when it comes to call that function for the so manieth time
 * (before), or has just sent the call (after), it prints `stopped` and goes no further.
 */
import { serve } from "../_shared/http/app.ts";
import { app } from "../leads/index.ts";
import { startIsolate } from "./world.ts";

const [when, called, number] = Deno.args;
const { services } = startIsolate();
const { database } = services;
let left = Number(number);

const stop = () => {
  console.log("stopped");
  return new Promise<never>(() => {});
};

const stopping: typeof database = {
  ...database,
  async run<Result>(...[build, patience]: Parameters<typeof database.run<Result>>) {
    const sent = Promise.withResolvers<void>();
    let isReached = false;
    const running = database.run<Result>((sql) => {
      const listening = new Proxy(sql, {
        apply(target, self, given) {
          const text = String(given[0]?.join?.("") ?? "");
          if (text.includes(`private.${called}(`) && --left === 0) isReached = true;
          return Reflect.apply(target as never, self, given);
        },
      });
      const query = build(listening);
      if (isReached && when === "before") throw new Error("stopped");
      queueMicrotask(sent.resolve);
      return query;
    }, patience);
    running.catch(() => {});
    await Promise.race([sent.promise, running.catch(() => {})]);
    if (isReached) return await stop();
    return await running;
  },
};
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, serve(app, () => ({ ...services, database: when ? stopping : database })).fetch);
