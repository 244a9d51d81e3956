import type { Means } from "./answer-turn.ts";

/** Calls a function of the backend. @throws what it refused, with its code */
export async function callBackend<Answer>(
  { url, key }: Pick<Means, "url" | "key">,
  path: string,
  body: object,
): Promise<Answer> {
  const response = await fetch(`${url}/functions/v1/${path}`, {
    method: "POST",
    headers: { apikey: key, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const said = await response.json();
  if (!response.ok) {
    throw new Error(`${path}: ${said.error?.code}: ${said.error?.message}`);
  }
  return said;
}
