/**
 * `useChat` of a version of the AI SDK in a React tree, unchanged, driven line by line: a command of
 * JSON comes in, what it came to goes out.
 *
 *   node use-chat.mjs <6|7> <api> <token> <conversation> [<options as JSON>]
 */
import { createInterface } from "node:readline";
import { createElement } from "react";
import { create } from "react-test-renderer";

const [version, api, token, id, given = "{}"] = process.argv.slice(2);
const { messages = [], resume = false, disconnect } = JSON.parse(given);
const { useChat } = await import(`@ai-sdk/react-${version}`);
const { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses } = await import(
  `ai-${version}`
);

let chat;
const errors = [];
const transport = new DefaultChatTransport({
  api,
  headers: { authorization: `Bearer ${token}` },
  ...(disconnect ? { body: { disconnect } } : {}),
});
function Chat() {
  chat = useChat({
    id,
    messages,
    resume,
    transport,
    onError: (error) => errors.push(error.message),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  return null;
}
// The renderer that needs no page says that it is deprecated; what is shown here is not about it.
console.error = () => {};
create(createElement(Chat));

async function until(holds) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(
    `it stays ${chat?.status}: ${JSON.stringify([chat?.messages.at(-1), ...errors])}`,
  );
}
// React renders when it comes to it.
await until(() => chat);

const textOf = (message) =>
  message?.parts.filter(({ type }) => type === "text").map(({ text }) => text).join("") ?? "";

const commands = {
  send: ({ text, messageId }) =>
    void chat.sendMessage({ text, ...(messageId ? { messageId } : {}) }),
  regenerate: () => void chat.regenerate(),
  approve: ({ approval, approved }) => chat.addToolApprovalResponse({ id: approval, approved }),
  stop: () => chat.stop(),
  hears: ({ text }) => until(() => textOf(chat.messages.at(-1)).includes(text)),
  sees: ({ state }) =>
    until(() => chat.messages.at(-1)?.parts.some((part) => part.state === state)),
  is: ({ status }) => until(() => chat.status === status),
  tell: () => ({ status: chat.status, errors, messages: chat.messages }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ done: await commands[command](rest) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error) }));
  }
}
process.exit(0);
