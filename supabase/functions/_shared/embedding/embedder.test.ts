import { rejects, throws } from "node:assert/strict";
import { assert, assertDeepEquals, assertEquals } from "../asserts.ts";
import { createEmbedder, dimensions, localEmbedder, RefusedTexts } from "./embedder.ts";
import { ApiError } from "../errors.ts";

const none = { embedder: { kind: null, endpoint: null } } as const;
const isUnavailable = (error: unknown) => error instanceof ApiError && error.code === "unavailable";

function similarity(one: number[], other: number[]): number {
  return one.reduce((sum, value, place) => sum + value * (other[place] ?? NaN), 0);
}

async function withEndpoint(
  answer: (body: { model: string; input: string[]; dimensions: number }) => Response,
  body: (url: string) => Promise<void>,
) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      assertEquals(new URL(request.url).pathname, "/v1/embeddings");
      assertEquals(request.headers.get("authorization"), "Bearer secret");
      return answer(await request.json());
    },
  );
  try {
    await body(`http://127.0.0.1:${server.addr.port}/v1/`);
  } finally {
    await server.shutdown();
  }
}

const at = (url: string) => ({
  embedder: { kind: null, endpoint: { url, key: "secret", model: "some-model" } },
});

Deno.test("without a platform and an endpoint the local one is chosen, and says its name", () => {
  assertEquals(createEmbedder(none).model, "local-feature-hashing-384");
});

Deno.test("the platform's model comes first, unless the secrets name another", async () => {
  const asked: unknown[] = [];
  const platform = {
    ai: {
      Session: class {
        constructor(model: string) {
          asked.push(model);
        }
        run(text: string, options: unknown) {
          asked.push([text, options]);
          return Promise.resolve(new Array(dimensions).fill(2));
        }
      },
    },
  };
  const embedder = createEmbedder(at("http://127.0.0.1:9"), platform);
  assertEquals(embedder.model, "gte-small");
  const [vector] = await embedder.embed(["one"]);
  assert(Math.abs(Math.hypot(...vector ?? []) - 1) < 1e-9, "of length 1");
  assertDeepEquals(asked, ["gte-small", ["one", { mean_pool: true, normalize: true }]]);
  const { endpoint } = at("http://127.0.0.1:9").embedder;
  assertEquals(
    createEmbedder({ embedder: { kind: "endpoint", endpoint } }, platform).model,
    "some-model",
  );
  assertEquals(createEmbedder({ embedder: { kind: "local", endpoint } }, platform), localEmbedder);
  throws(() => createEmbedder({ embedder: { kind: "platform", endpoint } }), isUnavailable);
});

Deno.test("the endpoint is asked for 384 dimensions, and its order is by index", async () => {
  const toward = (place: number) =>
    Array.from({ length: dimensions }, (_, i) => i === place ? 3 : 0);
  await withEndpoint((body) => {
    assertDeepEquals(body, {
      model: "some-model",
      input: ["a", "b"],
      dimensions,
      encoding_format: "float",
    } as never);
    return Response.json({
      data: [{ index: 1, embedding: toward(1) }, { index: 0, embedding: toward(0) }],
    });
  }, async (url) => {
    const vectors = await createEmbedder(at(url)).embed(["a", "b"]);
    assertDeepEquals(vectors.map((vector) => vector.indexOf(1)), [0, 1]);
  });
});

for (
  const [what, isOfTheText, answer] of [
    ["an error", false, () => new Response("no", { status: 500 })],
    ["that the key is wrong", false, () => new Response("no", { status: 401 })],
    ["that it is busy", false, () => new Response("no", { status: 429 })],
    ["that a text is too long", true, () => new Response("no", { status: 400 })],
    ["that a text is not allowed", true, () => new Response("no", { status: 422 })],
    ["a redirect", false, () => Response.redirect("http://127.0.0.1:9/")],
    ["other dimensions", false, () => Response.json({ data: [{ index: 0, embedding: [1, 2] }] })],
    ["too few", false, () => Response.json({ data: [] })],
    [
      "zeros",
      true,
      () => Response.json({ data: [{ index: 0, embedding: new Array(dimensions).fill(0) }] }),
    ],
    ["no JSON", false, () => new Response("hello")],
  ] as const
) {
  Deno.test(`an endpoint that answers ${what} is unavailable${isOfTheText ? " for that text" : ""}`, async () => {
    await withEndpoint(answer, async (url) => {
      await rejects(
        createEmbedder(at(url)).embed(["a"]),
        (error) => isUnavailable(error) && (error instanceof RefusedTexts) === isOfTheText,
      );
    });
  });
}

Deno.test("the local vectors are of length 1, the same each time, and near where words are shared", async () => {
  const texts = ["The dog runs in the park.", "A dog runs through the park", "Taxes are due", "…"];
  const vectors = await localEmbedder.embed(texts);
  assertDeepEquals(await localEmbedder.embed(texts), vectors);
  for (const vector of vectors) {
    assertEquals(vector.length, dimensions);
    assert(Math.abs(Math.hypot(...vector) - 1) < 1e-9);
  }
  const [one, two, other] = vectors as [number[], number[], number[]];
  assert(similarity(one, two) > 0.5, String(similarity(one, two)));
  assert(Math.abs(similarity(one, other)) < 0.2, String(similarity(one, other)));
  const [wordOrder, reversed] = await localEmbedder.embed(["Ann leads Bob", "Bob leads Ann"]);
  assert(similarity(wordOrder!, reversed!) < 0.95, "the order of words tells");
});
