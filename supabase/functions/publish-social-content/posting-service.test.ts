import { assertEquals } from "../_shared/asserts.ts";
import { composePost } from "./posting-service.ts";

for (
  const [name, caption, hashtags, wanted] of [
    ["a caption alone", " Look. ", [], "Look."],
    ["hashtags in a line of their own", "Look.", ["ai", "#Postgres"], "Look.\n\n#ai #Postgres"],
    ["words become one, signs go", "Look.", ["deep work!", "C++"], "Look.\n\n#deepwork #C"],
    ["none twice, none empty", "Look.", ["a", "#a", "!", ""], "Look.\n\n#a"],
    ["in any script", "Look.", ["Äpfel", "日本"], "Look.\n\n#Äpfel #日本"],
  ] as const
) {
  Deno.test(`a post: ${name}`, () => assertEquals(composePost(caption, hashtags), wanted));
}
