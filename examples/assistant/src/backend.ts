/** Where the backend is, who is signed in, and in which workspace they work. */
import { createContext, useContext } from "react";
import type { GroundworkClient, Returns, Row } from "groundwork-client";

/** `config.json` beside the page: it is all that a deployment sets. */
export interface Config {
  url: string;
  /** The publishable key. The secret key never comes into a page. */
  key: string;
  /** Who may be tried with one click, on a stack with its seed. */
  demo?: { password: string; people: { email: string; places: string }[] };
}

/** An agent that the person may use. */
export type Agent = Returns<"my_agents">[number];

export type Role = "owner" | "admin" | "member" | "guest";

/** What every screen knows. */
export interface Backend {
  config: Config;
  client: GroundworkClient;
  me: { id: string; email: string | null };
  workspace: Pick<Row<"workspaces">, "id" | "name">;
  role: Role;
  agents: Agent[];
  /** Names of people of the workspace. */
  nameOf(person: string | null): string;
  /** The person's token, as it is now. */
  token(): Promise<string>;
}

export const BackendContext = createContext<Backend | null>(null);

/** @throws where nobody is signed in, which is a mistake of the page */
export function useBackend(): Backend {
  const backend = useContext(BackendContext);
  if (!backend) throw new Error("useBackend is used outside of a workspace");
  return backend;
}

export const isAdmin = (role: Role) => role === "owner" || role === "admin";

/**
 * Calls a function of the backend with the person's token.
 *
 * @throws what the function refused, with its code and message
 */
export async function callFunction<Answer>(
  { config, token }: Pick<Backend, "config" | "token">,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${config.url}/functions/v1/${path}`, {
    method,
    headers: {
      apikey: config.key,
      authorization: `Bearer ${await token()}`,
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  const said = text ? JSON.parse(text) : null;
  if (!response.ok) {
    throw new Error(
      said?.error?.message ?? `The backend answered ${response.status}.`,
    );
  }
  return said;
}
