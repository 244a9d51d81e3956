import type { FileUIPart } from "ai";
import { useId, useRef, useState } from "react";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { storedAt } from "./attached-file.tsx";

interface Props {
  /** Where files of this talk lie. */
  folder: string;
  isAnswering: boolean;
  /** `onUnsent` where the backend has not got it. */
  onSend(text: string, files: FileUIPart[], onUnsent: () => void): Promise<void>;
  onStop(): Promise<unknown>;
  onPress(): void;
}

/** Where one writes, attaches, sends and stops. */
export function Composer(
  { folder, isAnswering, onSend, onStop, onPress }: Props,
) {
  const { client } = useBackend();
  const [text, setText] = useState("");
  const [files, setFiles] = useState<FileUIPart[]>([]);
  const { error, isBusy, run } = useAction();
  const field = useId();
  const form = useRef<HTMLFormElement>(null);

  const attach = (chosen: FileList) =>
    run(async () => {
      for (const file of chosen) {
        const path = `${folder}/${crypto.randomUUID()}-${file.name.replaceAll(/[^\w.-]/g, "_")}`;
        const { error } = await client.storage.from("attachments")
          .upload(path, file, {
            contentType: file.type || "application/octet-stream",
          });
        if (error) throw error;
        const part: FileUIPart = {
          type: "file",
          mediaType: file.type || "application/octet-stream",
          filename: file.name,
          url: storedAt + path,
        };
        setFiles((before) => [...before, part]);
      }
    });
  return (
    <form
      ref={form}
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === "" || isAnswering) return;
        run(() =>
          onSend(text, files, () => {
            setText((written) => written || text);
            setFiles((attached) => attached.length > 0 ? attached : files);
          })
        );
        setText("");
        setFiles([]);
      }}
    >
      <Notice error={error} />
      {files.length > 0 && (
        <p className="note">
          Attached: {files.map(({ filename }) => filename).join(", ")}
        </p>
      )}
      <label className="message" htmlFor={field}>Message</label>
      <textarea
        id={field}
        dir="auto"
        rows={2}
        value={text}
        placeholder="Ask something"
        onChange={(event) => {
          setText(event.target.value);
          onPress();
        }}
        onKeyDown={(event) => {
          if (
            event.key !== "Enter" || event.shiftKey ||
            event.nativeEvent.isComposing
          ) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      />
      <div className="actions">
        <label className="button">
          Attach
          <input
            type="file"
            className="unseen"
            disabled={isBusy}
            onChange={(event) => {
              if (event.target.files) attach(event.target.files);
              event.target.value = "";
            }}
          />
        </label>
        {isAnswering
          ? <button type="button" onClick={() => run(onStop)}>Stop</button>
          : <button type="submit" className="primary" disabled={isBusy}>Send</button>}
      </div>
    </form>
  );
}
