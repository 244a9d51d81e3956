import type { FileUIPart } from "ai";
import { useBackend } from "../backend.ts";
import { useLoaded } from "../use-loaded.ts";

/**
 * How a message names a file of the bucket `attachments`: links to it last a while only, and are made when it is shown.
 */
export const storedAt = "storage:attachments/";

/** A file that was attached to a message, as a link for who may read the conversation. */
export function AttachedFile({ file }: { file: FileUIPart }) {
  const { client } = useBackend();
  const { value, error } = useLoaded(async () => {
    if (!file.url.startsWith(storedAt)) return null;
    const { data, error } = await client.storage.from("attachments")
      .createSignedUrl(file.url.slice(storedAt.length), 3600);
    if (error) throw error;
    return data.signedUrl;
  }, [client, file.url]);
  const name = file.filename ?? "File";
  if (error) return <p className="note">{name} is gone.</p>;
  return (
    <p>
      {value ? <a href={value} target="_blank" rel="noreferrer">{name}</a> : name}
      {value && file.mediaType.startsWith("image/") && (
        <img className="preview" src={value} alt={name} />
      )}
    </p>
  );
}
