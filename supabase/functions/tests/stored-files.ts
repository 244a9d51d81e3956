/** Storage with the secret key, past its policies. */
import { createClient } from "@supabase/supabase-js";
import { assertEquals } from "../_shared/asserts.ts";
import { environment } from "./world.ts";

export const { storage } = createClient(
  environment.url,
  environment.secretKeys.default ?? "",
  { auth: { persistSession: false, autoRefreshToken: false } },
);

/** Stores a text. */
export async function storeFile(bucket: string, name: string, text: string): Promise<void> {
  const { error } = await storage.from(bucket).upload(name, text, { contentType: "text/plain" });
  assertEquals(error, null);
}

/** The text of a file; null when Storage does not give it. */
export async function readFile(bucket: string, name: string): Promise<string | null> {
  const { data } = await storage.from(bucket).download(name);
  return await data?.text() ?? null;
}
