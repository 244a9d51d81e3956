/** Runs the edge functions of a project, as the platform's runtime does. */
import { allowing } from "../gateway/cors.ts";

/** Answers a request whose path begins with a function's name. */
export interface Functions {
  names: string[];
  fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response>;
  /** Imports all of them, so that the first call is as fast as the next. */
  warm(): Promise<void>;
}

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

/** Every folder that has an index.ts is a function, except what begins with `_` or `.`. */
export async function findFunctions(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory && !/^[_.]/.test(name) && await hasIndex(`${folder}/${name}`)) {
        names.push(name);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

async function hasIndex(folder: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) if (name === "index.ts") return true;
  return false;
}

/** Finds the functions in `folder`. Each is imported when it is called for the first time. */
export async function openFunctions(folder: string): Promise<Functions> {
  const names = await findFunctions(folder);
  const handlers = new Map<string, Promise<Handler>>();

  function load(name: string): Promise<Handler> {
    const known = handlers.get(name);
    if (known) return known;
    const handler = importHandler(folder, name);
    handlers.set(name, handler);
    return handler;
  }

  return {
    names,
    async fetch(request, info) {
      const name = new URL(request.url).pathname.split("/")[1] ?? "";
      if (!names.includes(name)) {
        return refusal(404, "NOT_FOUND", "Requested function was not found");
      }
      try {
        const handler = await load(name);
        return await handler(request, info);
      } catch (error) {
        console.error(`[functions] ${name}:`, error);
        return refusal(500, "WORKER_ERROR", "The function failed (see the stack's output)");
      }
    },
    async warm() {
      for (const name of names) {
        await load(name).catch((error) => console.error(`[functions] ${name}:`, error));
      }
    },
  };
}

async function importHandler(folder: string, name: string): Promise<Handler> {
  const module = await import(`file://${folder}/${name}/index.ts`);
  if (typeof module.default?.fetch !== "function") {
    throw new TypeError(
      `supabase/functions/${name}/index.ts has no default export with a fetch function`,
    );
  }
  return (request, info) => module.default.fetch(request, info);
}

function refusal(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, {
    status,
    headers: allowing,
  });
}
