/**
 * A client in a process of its own, that is present until it is killed. Arguments: address, API key,
 * key of the presence.
 */
import { RealtimeClient } from "@supabase/realtime-js";

const [address = "", apikey = "", key = ""] = Deno.args;
const client = new RealtimeClient(address, { params: { apikey } });
const channel = client.channel("room", { config: { presence: { key } } });
channel.subscribe((state) => {
  if (state === "SUBSCRIBED") channel.track({ at: "phone" });
});
