/** A model of an endpoint that is compatible with OpenAI's, where the environment names one. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

/** @throws where half of what is needed is named */
export function readModel(environment: Record<string, string | undefined>) {
  const {
    OPENAI_BASE_URL: baseURL,
    OPENAI_MODEL: name,
    OPENAI_API_KEY: apiKey,
  } = environment;
  if (!baseURL) return null;
  if (!name) throw new Error("OPENAI_BASE_URL is set, and OPENAI_MODEL is not");
  return createOpenAICompatible({
    name: "endpoint",
    baseURL,
    ...(apiKey ? { apiKey } : {}),
  })(name);
}

export type Model = NonNullable<ReturnType<typeof readModel>>;
