/**
 * Tokens of an agent, by its credential: for itself, or for the person who allowed it. Kept and renewed until they end.
 *
 * It depends on nothing but `fetch`, and runs in Deno, in Node 20 and later, and nowhere where a person could read the
 * credential.
 */

/** Why an agent gets no token, in OAuth's words. */
export class AgentTokenError extends Error {
  override readonly name = "AgentTokenError";
  constructor(
    /** `consent_required`, `access_denied`, `invalid_client`, `invalid_scope`, … */
    readonly code: string,
    message: string,
    /** What the person is to be asked for, where `code` is `consent_required`. */
    readonly scopes: readonly string[] = [],
  ) {
    super(message);
  }
}

/** Gives a token that is still valid for a minute, asking for one where there is none. */
export type TokenSource = () => Promise<string>;

/** An agent, by its credential. */
export interface AgentTokens {
  /** Tokens of the agent as itself. */
  asItself(scopes?: readonly string[]): TokenSource;
  /** Tokens for a person, by a token of theirs. */
  forPerson(token: string | TokenSource, scopes?: readonly string[]): TokenSource;
  /** Tokens for whom a session is with, by the header `x-groundwork-session-token` that it was opened with. */
  forSession(token: string, scopes?: readonly string[]): TokenSource;
  /** Tokens for whoever asked in the background, while the agent holds the question. */
  forQuery(claimed: { id: number; claim_token: string }, scopes?: readonly string[]): TokenSource;
}

const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const subjects = {
  person: "urn:ietf:params:oauth:token-type:access_token",
  session: "urn:groundwork:params:oauth:token-type:session",
  query: "urn:groundwork:params:oauth:token-type:background-query",
};

/**
 * The tokens of one agent.
 *
 * @param url the project's API
 * @param agent the agent's id
 * @param credential the secret that an admin was answered once
 * @throws AgentTokenError by its sources
 * @example
 * ```ts
 * const tokens = createAgentTokens({ url, agent, credential });
 * const supabase = createGroundworkClient(url, publishableKey, { accessToken: tokens.forPerson(theirs) });
 * ```
 */
export function createAgentTokens(
  { url, agent, credential }: { url: string; agent: string; credential: string },
): AgentTokens {
  async function ask(form: Record<string, string>): Promise<{ token: string; goodUntil: number }> {
    const asked = Date.now();
    const response = await fetch(`${url}/functions/v1/agents/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${agent}:${encodeURIComponent(credential)}`)}` },
      body: new URLSearchParams(form),
    });
    const said = await response.json();
    if (response.ok) {
      return { token: said.access_token, goodUntil: asked + (said.expires_in - 60) * 1000 };
    }
    // The limits of the function itself are answered in the form of the rest of the backend.
    const { error, error_description, scopes } = said;
    throw typeof error === "string"
      ? new AgentTokenError(error, error_description, scopes)
      : new AgentTokenError(error?.code ?? "server_error", error?.message ?? "It failed.");
  }

  function keep(form: () => Promise<Record<string, string>>): TokenSource {
    let kept: Promise<{ token: string; goodUntil: number }> | undefined;
    return async () => {
      const known = await kept?.catch(() => null);
      if (!known || known.goodUntil <= Date.now()) kept = form().then(ask);
      return (await kept!).token;
    };
  }

  // An empty list asks for none, which is refused. Sent without a value, a parameter counts as not sent: for all.
  const scope = (scopes?: readonly string[]): Record<string, string> =>
    scopes ? { scope: scopes.join(" ") || " " } : {};
  const forSubject = (
    type: keyof typeof subjects,
    token: string | TokenSource,
    scopes?: readonly string[],
  ) =>
    keep(async () => ({
      grant_type: exchange,
      subject_token_type: subjects[type],
      subject_token: typeof token === "string" ? token : await token(),
      ...scope(scopes),
    }));
  return {
    asItself: (scopes) =>
      keep(() => Promise.resolve({ grant_type: "client_credentials", ...scope(scopes) })),
    forPerson: (token, scopes) => forSubject("person", token, scopes),
    forSession: (token, scopes) => forSubject("session", token, scopes),
    forQuery: ({ id, claim_token }, scopes) => forSubject("query", `${id}.${claim_token}`, scopes),
  };
}
