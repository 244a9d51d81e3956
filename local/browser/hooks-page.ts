/**
 * A page with the package's hooks in React, as a product has them. What they return is written into the page, and what
 * they offer can be called from outside.
 */
import { createElement, StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { createGroundworkClient, type GroundworkClient } from "../../types/client.ts";
import { useBackgroundQuery, useConversation, usePresence, useStream } from "../../types/react.ts";

/** What is looked at; null: nothing of the kind. */
export interface Shown {
  conversation: string | null;
  stream: string | null;
  workspace: string | null;
  /** Of questions in the background. */
  type: string;
  status?: "online" | "busy";
}

/** What the hooks return, as the page shows it. */
export type Hooks = {
  conversation: ReturnType<typeof useConversation>;
  stream: ReturnType<typeof useStream>;
  presence: ReturnType<typeof usePresence>;
  query: ReturnType<typeof useBackgroundQuery>;
};

/** What a test finds in the page. */
export interface HooksPage {
  hooks: Hooks;
  signIn(url: string, key: string, email: string): Promise<string | null>;
  show(shown: Shown): void;
  /** Whether Realtime is connected. */
  isConnected(): boolean;
  /** Every socket that was opened. */
  sockets: WebSocket[];
}

const page = globalThis as unknown as HooksPage;
let client: GroundworkClient;
const root = createRoot(document.body);

function Page({ client, shown }: { client: GroundworkClient; shown: Shown }) {
  const conversation = useConversation(client, shown.conversation, { pageSize: 3 });
  const stream = useStream(client, shown.stream);
  const presence = usePresence(client, shown.workspace, {
    conversations: shown.conversation ? [shown.conversation] : [],
    status: shown.status ?? "online",
  });
  const query = useBackgroundQuery(client, shown.conversation, shown.type);
  const hooks = { conversation, stream, presence, query };
  useEffect(() => {
    page.hooks = hooks;
  });
  const { messages } = conversation;
  return createElement(
    "dl",
    null,
    ...Object.entries(hooks).flatMap(([name, { status }]) => [
      createElement("dt", { key: name }, name),
      createElement("dd", { key: `${name} status`, id: name }, status),
    ]),
    ...messages.map(({ id, parts }) =>
      createElement("p", { key: id }, (parts as { text: string }[]).map(({ text }) => text).join())
    ),
    createElement("output", { key: "text" }, stream.text),
  );
}

page.signIn = async (url, key, email) => {
  client = createGroundworkClient(url, key);
  const { error } = await client.auth.signInWithPassword({ email, password: "groundwork-demo" });
  return error && error.message;
};
page.isConnected = () => client.realtime.isConnected();
page.show = (shown) =>
  root.render(createElement(StrictMode, null, createElement(Page, { client, shown })));
