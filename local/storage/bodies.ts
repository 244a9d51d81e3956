/** What is uploaded: a body as it is, or a form with the file in it. */
import { Buffer } from "node:buffer";
import { invalidInput, tooLarge } from "./errors.ts";

/** An upload that was read whole. */
export interface Upload {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  cacheControl: string;
  userMetadata: Record<string, unknown> | null;
}

/** What a form may have besides the file. */
const formOverhead = 64 * 1024;

/** Reads an upload of at most `limit` bytes; what is longer is refused while it comes. */
export async function readUpload(request: Request, limit: number): Promise<Upload> {
  const type = request.headers.get("content-type") ?? "application/octet-stream";
  if (!/^multipart\/form-data/i.test(type)) {
    return {
      bytes: await readAtMost(request.body, limit),
      type,
      cacheControl: request.headers.get("cache-control") ?? "no-cache",
      userMetadata: readMetadata(decode(request.headers.get("x-metadata"))),
    };
  }
  const whole = await readAtMost(request.body, limit + formOverhead);
  const form = await new Response(nameTheFile(whole, type), { headers: { "content-type": type } })
    .formData()
    .catch(() => {
      throw invalidInput("The form cannot be read");
    });
  const file = [...form.values()].find((value) => value instanceof File);
  if (!file) throw invalidInput("The form has no file");
  if (file.size > limit) throw tooLarge();
  const cacheSeconds = form.get("cacheControl");
  return {
    bytes: new Uint8Array(await file.arrayBuffer()),
    type: text(form.get("contentType")) ?? (file.type || "application/octet-stream"),
    cacheControl: typeof cacheSeconds === "string" ? `max-age=${cacheSeconds}` : "no-cache",
    userMetadata: readMetadata(text(form.get("metadata"))),
  };
}

/**
 * supabase-js gives the file's field an empty name, and Deno's parser leaves such a field out. Only the line after a
 * boundary is looked at: what is in the file stays as it is.
 */
function nameTheFile(form: Uint8Array<ArrayBuffer>, type: string): Uint8Array<ArrayBuffer> {
  const boundary = /boundary="?([^";]+)/i.exec(type)?.[1];
  if (boundary === undefined) return form;
  const escaped = boundary.replace(/[^\w]/g, "\\$&");
  const field = new RegExp(`(--${escaped}\\r\\ncontent-disposition: *form-data; *name=)""`, "gi");
  return new Uint8Array(
    Buffer.from(Buffer.from(form).toString("latin1").replace(field, '$1"file"'), "latin1"),
  );
}

async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > limit) throw tooLarge();
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

const text = (value: FormDataEntryValue | null) => typeof value === "string" ? value : null;
const decode = (value: string | null) =>
  value === null ? null : Buffer.from(value, "base64").toString();

function readMetadata(json: string | null): Record<string, unknown> | null {
  if (json === null) return null;
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw invalidInput("metadata is not valid JSON");
}
