/** The seed's people, with nothing but supabase-js. */
import { createGroundworkClient, type GroundworkClient } from "../../../types/client.ts";
import { environment } from "./world.ts";

/** Signs one of them in. */
export async function signIn(email: string): Promise<{ id: string; client: GroundworkClient }> {
  const client = createGroundworkClient(
    environment.url,
    environment.publishableKeys.default ?? "",
    { auth: { persistSession: false, autoRefreshToken: false } },
  );
  const { data, error } = await client.auth.signInWithPassword({
    email,
    password: "groundwork-demo",
  });
  if (error) throw error;
  return { id: data.user.id, client };
}
