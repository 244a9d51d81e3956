/** Server-sent events, shown as a reader takes them. */

/** An event, as it came. */
export interface ShownEvent {
  id?: string;
  event?: string;
  data: string;
}

function readEvent(block: string): ShownEvent | null {
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"));
  const fields = lines.map((line) => /^(\w+):? ?(.*)$/.exec(line) ?? []);
  const find = (wanted: string) => fields.find(([, name]) => name === wanted)?.[2];
  const data = fields.filter(([, name]) => name === "data").map(([, , text = ""]) => text);
  if (data.length === 0) return null;
  const [id, event] = [find("id"), find("event")];
  return {
    ...(id === undefined ? {} : { id }),
    ...(event === undefined ? {} : { event }),
    data: data.join("\n"),
  };
}

/** The same stream; `show` is told each whole event before the reader has it. */
export function showEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  show: (event: ShownEvent) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await reader.read();
      if (done) return controller.close();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const event of blocks.map(readEvent)) if (event) show(event);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
