/**
 * One function alone in a process of the platform's Deno: `deno run one-function.ts <its index.ts>`,
 * with a function's environment. Says the port that it listens on.
 */
const [entry = ""] = Deno.args;
const { default: served } = await import(entry);
Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
  (request) => served.fetch(request),
);
