/** The programs that the docs show, and what the docs say that they print. */
import { assertEquals } from "../_shared/asserts.ts";
import { environment } from "./world.ts";

const project = new URL("../../../", import.meta.url);

/** The text of a page. */
export const readPage = (page: string) => Deno.readTextFile(new URL(page, project));

/** A block of a page in this language, the first unless said otherwise. */
export function blockOf(page: string, language: string, place = 0): string {
  const blocks = [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))];
  return blocks[place]?.[1] ?? "";
}

/** The keys that programs are given: of an app, and of the service. */
export const publishableKey = environment.publishableKeys.default ?? "";
export const secretKey = environment.secretKeys.default ?? "";

/** Runs a program with the stack's URL and these keys. Returns what it printed. */
export async function runProgram(program: string, ...keys: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", program, environment.url, ...keys],
    cwd: project,
    env: { NO_COLOR: "1" },
  }).output();
  const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, read(stderr));
  return read(stdout);
}
