import { useBackend } from "../backend.ts";
import { useLoaded } from "../use-loaded.ts";

/** The messages that stand in one place of a talk: a message, and what was said instead of it. */
export interface Siblings {
  ids: string[];
  place: number;
}

/** Which messages of a talk have others beside them. @param changes what it is read again by */
export function useBranches(conversation: string, changes: unknown) {
  const { client } = useBackend();
  const { value } = useLoaded(async () => {
    const { data } = await client.from("messages").select(
      "id, parent_id, role, created_at",
    )
      .eq("conversation_id", conversation).order("created_at").order("id")
      .limit(1000)
      .throwOnError();
    return data;
  }, [client, conversation, changes]);
  return {
    siblingsOf(id: string): Siblings | null {
      const one = value?.find((message) => message.id === id);
      if (!value || !one) return null;
      const ids = value.filter(({ parent_id, role }) =>
        parent_id === one.parent_id && role === one.role
      ).map((message) => message.id);
      return ids.length > 1 ? { ids, place: ids.indexOf(id) } : null;
    },
  };
}
