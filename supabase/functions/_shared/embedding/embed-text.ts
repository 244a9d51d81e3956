/** Embedding on the way: where the embedder is away, things go on by words alone. */
import type { Embedder } from "./embedder.ts";
import { toApiError } from "../errors.ts";
import { log } from "../log.ts";

/** The vector of a text as Postgres reads it; null when the embedder is away, or without a text. */
export async function embedText(
  embedder: Embedder,
  text: string | undefined,
): Promise<string | null> {
  if (!text?.trim()) return null;
  try {
    const [vector] = await embedder.embed([text]);
    return JSON.stringify(vector);
  } catch (error) {
    const { message, cause } = toApiError(error);
    log("warning", message, { cause });
    return null;
  }
}
