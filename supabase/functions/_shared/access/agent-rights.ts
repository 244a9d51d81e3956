/** What an agent may do at this moment. Its token says what was so when it was given. */
import { type Agent, insufficientScope } from "./authentication.ts";
import type { Database } from "../database.ts";

/** Where an agent may use a scope, and for whom. */
export interface AgentRights {
  readonly agentId: string;
  readonly workspaceId: string;
  /** The person it acts for; null: as itself. */
  readonly userId: string | null;
  /** Where the log stood when this was read: whatever made it so lies before. */
  readonly position: string;
}

/** Milliseconds for which an isolate believes an answer: what is taken back is gone within two seconds. */
const believedFor = 1000;
const known = new WeakMap<Agent, Map<string, { rights: AgentRights; goodUntil: number }>>();

/**
 * Where the agent may use the scope at this moment: asked of the database each time.
 *
 * @throws ApiError 403 `insufficient_scope`
 */
export async function findRights(
  database: Database,
  agent: Agent,
  scope: string,
): Promise<AgentRights> {
  const [row] = await database.run(
    (sql) =>
      sql<AgentRights[]>`
      select agent_id as "agentId", workspace_id as "workspaceId", user_id as "userId",
        private.log_position() as position
      from private.agent_rights(${scope})`,
    { as: agent },
  );
  if (!row) throw insufficientScope(scope);
  return row;
}

/**
 * The same, believed for a second: for what is asked again and again, such as pieces of a stream.
 *
 * @throws ApiError 403 `insufficient_scope`
 */
export async function rightsOf(
  database: Database,
  agent: Agent,
  scope: string,
): Promise<AgentRights> {
  let answers = known.get(agent);
  if (!answers) known.set(agent, answers = new Map());
  const kept = answers.get(scope);
  if (kept && kept.goodUntil > Date.now()) return kept.rights;
  const asked = Date.now();
  const rights = await findRights(database, agent, scope);
  answers.set(scope, { rights, goodUntil: asked + believedFor });
  return rights;
}
