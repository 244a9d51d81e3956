/** Files that can be made again, kept to save the time. Several stacks may use the same folder at the same moment. */

/** A short name for contents: the same contents, the same name. */
export async function digest(parts: (string | Uint8Array)[]): Promise<string> {
  const whole = await new Blob(parts.map((part) => part as BlobPart)).arrayBuffer();
  const hash = await crypto.subtle.digest("SHA-256", whole);
  return new Uint8Array(hash).toHex().slice(0, 16);
}

/** Writes a file whole or not at all: nobody ever reads half of it. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${crypto.randomUUID()}`;
  await Deno.writeFile(part, bytes);
  await Deno.rename(part, path);
}

/** Whether there is a file or folder at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
