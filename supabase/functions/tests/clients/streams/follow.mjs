/**
 * Reads a stream with the client of Durable Streams as it is published, to its end.
 *
 *   node follow.mjs <URL of the stream> <token> <sse|long-poll>      prints its messages as JSON
 */
import { stream } from "@durable-streams/client";

const [url, token, live] = process.argv.slice(2);
const response = await stream({ url, live, headers: { authorization: `Bearer ${token}` } });
const heard = [];
const reader = response.jsonStream().getReader();
for (let one = await reader.read(); !one.done; one = await reader.read()) heard.push(one.value);
console.log(JSON.stringify(heard));
process.exit(0);
