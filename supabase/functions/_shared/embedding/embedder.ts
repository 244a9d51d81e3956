/**
 * Texts become vectors of 384 dimensions: one interface, three ways, chosen by what there is.
 *
 * 1. `gte-small`, which the platform's runtime brings along.
 * 2. An endpoint that speaks OpenAI's API, whose URL, key and model are in the secrets.
 * 3. `local-feature-hashing-384`: words, pairs of words and parts of words, hashed. It knows which
 *    words two texts share and nothing of what they mean; it needs nothing, and answers the same
 *    everywhere.
 *
 * Each vector is stored with its model's name, and vectors of different models are never compared.
 */
import { z } from "zod";
import type { Environment } from "../environment.ts";
import { ApiError, unavailable } from "../errors.ts";
import { hashFeatures, localModel } from "./feature-hashing.ts";
import { NoAnswer, sendTrusted } from "../outbound/trusted-request.ts";

/** As many numbers as every vector has. */
export const dimensions = 384;

/**
 * The model answered, and will not have one of the texts, or has no vector for it. Alone, the others may do: whoever
 * sends several at once divides them.
 */
export class RefusedTexts extends ApiError {
  constructor(message: string, cause?: unknown) {
    super(503, "unavailable", message, { headers: { "retry-after": "1" }, cause });
  }
}

/** Makes vectors of texts. */
export interface Embedder {
  /** Stored beside each vector. */
  readonly model: string;
  /**
   * A vector of length 1 for each text, in their order.
   *
   * @throws ApiError 503 `unavailable` when the model is away or answers something else; RefusedTexts, which is
   * one, when it is there and refuses what was sent
   */
  embed(texts: readonly string[]): Promise<number[][]>;
}

/** What the platform's runtime offers. */
interface PlatformSession {
  run(text: string, options: { mean_pool: boolean; normalize: boolean }): Promise<number[]>;
}
interface Platform {
  ai: { Session: new (model: string) => PlatformSession };
}

/** Milliseconds for one batch. */
const patience = 15_000;
/** What an endpoint answers of the texts, and not of itself or the key: too long, empty, not allowed. */
const refusals = new Set([400, 413, 422]);
/** More than a model reads is cut off: some endpoints refuse it. */
const longest = 8000;
/** Bytes of an answer: 256 vectors in digits, and several times that. */
const longestBody = 32 * 1024 * 1024;

function findPlatform(): Platform | undefined {
  const { Supabase } = globalThis as { Supabase?: Partial<Platform> };
  return Supabase?.ai?.Session ? Supabase as Platform : undefined;
}

function check(vectors: unknown, count: number): number[][] {
  const parsed = z.array(z.array(z.number()).length(dimensions)).length(count).safeParse(vectors);
  if (!parsed.success) {
    throw unavailable("The embedder answered something else than vectors.", parsed.error);
  }
  return parsed.data.map((vector) => {
    const length = Math.hypot(...vector);
    if (length === 0) throw new RefusedTexts("The embedder answered a vector without a direction.");
    return vector.map((value) => value / length);
  });
}

function platformEmbedder({ ai }: Platform): Embedder {
  let session: PlatformSession | undefined;
  return {
    model: "gte-small",
    async embed(texts) {
      session ??= new ai.Session("gte-small");
      const vectors: unknown[] = [];
      // One after the other: the session has one processor.
      for (const text of texts) {
        const vector = await session.run(text.slice(0, longest), {
          mean_pool: true,
          normalize: true,
        });
        vectors.push(Array.from(vector));
      }
      return check(vectors, texts.length);
    },
  };
}

const listing = z.object({
  data: z.array(z.object({ index: z.number(), embedding: z.array(z.number()) })),
});

type Endpoint = NonNullable<Environment["embedder"]["endpoint"]>;

async function askEndpoint({ url, key, model }: Endpoint, texts: readonly string[]) {
  const answered = await sendTrusted(url, {
    who: "the embedder",
    method: "POST",
    path: "/embeddings",
    headers: key ? { authorization: `Bearer ${key}` } : {},
    body: {
      model,
      input: texts.map((text) => text.slice(0, longest)),
      dimensions,
      encoding_format: "float",
    },
    patience,
    longestBody,
  });
  if (answered.ok) return answered.json();
  const cause = new NoAnswer(`the embedder answered ${answered.status}`);
  throw refusals.has(answered.status)
    ? new RefusedTexts(`The embedder refused a text: it answered ${answered.status}.`, cause)
    : cause;
}

function endpointEmbedder(endpoint: Endpoint): Embedder {
  return {
    model: endpoint.model,
    async embed(texts) {
      const answered = await askEndpoint(endpoint, texts).catch((error: Error) => {
        throw error instanceof RefusedTexts ? error : unavailable("The embedder is away.", error);
      });
      const parsed = listing.safeParse(answered);
      if (!parsed.success) throw unavailable("The embedder answered something else.", parsed.error);
      const inOrder = parsed.data.data.toSorted((one, other) => one.index - other.index);
      return check(inOrder.map(({ embedding }) => embedding), texts.length);
    },
  };
}

/** The one that needs nothing. */
export const localEmbedder: Embedder = {
  model: localModel,
  embed: (texts) => Promise.resolve(texts.map((text) => hashFeatures(text, dimensions))),
};

/**
 * Chooses the embedder: the platform's where there is one, else the endpoint of the secrets, else
 * the local one; or the one that the secrets name.
 *
 * @param platform is for tests
 */
export function createEmbedder(
  { embedder }: Pick<Environment, "embedder">,
  platform: Platform | undefined = findPlatform(),
): Embedder {
  const { kind, endpoint } = embedder;
  if (platform && (kind === "platform" || kind === null)) return platformEmbedder(platform);
  if (endpoint && (kind === "endpoint" || kind === null)) return endpointEmbedder(endpoint);
  if (kind === "platform" || kind === "endpoint") {
    throw unavailable(`There is no embedder of the kind that GROUNDWORK_EMBEDDER names: ${kind}.`);
  }
  return localEmbedder;
}
