/**
 * Chats as LangGraph keeps them: a graph of one node that answers, with the Postgres saver as it is
 * published. The model is left out: the answer comes with the question.
 */
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";

/** Threads of a database, by so many connections: the interface `Chats` of chat-patterns.ts. */
export async function openThreads(url, connections) {
  let sent = 0;
  class CountingClient extends pg.Client {
    query(...given) {
      sent++;
      return super.query(...given);
    }
  }
  const pool = new pg.Pool({ connectionString: url, max: connections, Client: CountingClient });
  const saver = new PostgresSaver(pool, undefined, { schema: "langgraph" });
  await saver.setup();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("model", (_state, config) => ({
      messages: [new AIMessage(config.configurable.answer)],
    }))
    .addEdge("__start__", "model")
    .addEdge("model", "__end__")
    .compile({ checkpointer: saver });
  const thread = (id) => ({ configurable: { thread_id: id } });
  return {
    /** What was said before, in one checkpoint: less than the turns themselves would have left. */
    async seed(id, words) {
      const messages = words.map((said, n) => new (n % 2 === 0 ? HumanMessage : AIMessage)(said));
      await graph.updateState(thread(id), { messages }, "model");
    },
    async turn(id, { question, answer }) {
      await graph.invoke({ messages: [new HumanMessage(question)] }, {
        configurable: { thread_id: id, answer },
      });
    },
    statements: () => sent,
    close: () => pool.end(),
  };
}
