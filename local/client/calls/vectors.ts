/** Buckets of vectors and of tables: Storage's newest, on the platform's own machines. */
import assert from "node:assert/strict";
import { outcomeOf, works } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

const asService = ({ open }: World) => open("secret").storage;
const vectorsOf = (world: World) => asService(world).vectors;
const bucket = (world: World) => vectorsOf(world).from("embeddings");
const index = (world: World) => bucket(world).index("texts");
const catalog = (world: World) => asService(world).analytics.from("warehouse");
const namespace = { namespace: ["sales"] };
const table = { namespace: ["sales"], name: "orders" };
const shape = {
  name: "orders",
  schema: {
    type: "struct" as const,
    fields: [{ id: 1, name: "id", type: "long", required: true }],
    "schema-id": 0,
  },
};

/** The catalogue throws where it is not the stack that answered with an error. */
const asked = async (asking: Promise<unknown>) => {
  try {
    const answer = await asking;
    const { error } = (answer ?? {}) as { error?: unknown };
    return { error: error ?? null };
  } catch (error) {
    return { error };
  }
};

export const vectors: Calls = {
  "storage.vectors.createBucket": (world) => outcomeOf(vectorsOf(world).createBucket("embeddings")),
  "storage.vectors.getBucket": (world) => outcomeOf(vectorsOf(world).getBucket("embeddings")),
  "storage.vectors.listBuckets": (world) => outcomeOf(vectorsOf(world).listBuckets()),
  "storage.vectors.deleteBucket": (world) => outcomeOf(vectorsOf(world).deleteBucket("embeddings")),
  "storage.vectors.from": (world) => outcomeOf(vectorsOf(world).from("embeddings").listIndexes()),
  "storage.vectors.throwOnError": async (world) => {
    await assert.rejects(async () => void await vectorsOf(world).throwOnError().getBucket("none"));
    return works;
  },
  "storage.vectors.setHeader": (world) =>
    outcomeOf(vectorsOf(world).setHeader("x-mine", "1").listBuckets()),
  "storage.vectors.from().createIndex": (world) =>
    outcomeOf(
      bucket(world).createIndex({
        indexName: "texts",
        dataType: "float32",
        dimension: 3,
        distanceMetric: "cosine",
      }),
    ),
  "storage.vectors.from().listIndexes": (world) => outcomeOf(bucket(world).listIndexes()),
  "storage.vectors.from().getIndex": (world) => outcomeOf(bucket(world).getIndex("texts")),
  "storage.vectors.from().deleteIndex": (world) => outcomeOf(bucket(world).deleteIndex("texts")),
  "storage.vectors.from().index": (world) => outcomeOf(bucket(world).index("texts").listVectors()),
  "storage.vectors.from().throwOnError": async (world) => {
    await assert.rejects(async () => void await bucket(world).throwOnError().getIndex("none"));
    return works;
  },
  "storage.vectors.from().setHeader": (world) =>
    outcomeOf(bucket(world).setHeader("x-mine", "1").listIndexes()),
  "storage.vectors.from().index().putVectors": (world) =>
    outcomeOf(index(world).putVectors({ vectors: [{ key: "a", data: { float32: [1, 0, 0] } }] })),
  "storage.vectors.from().index().getVectors": (world) =>
    outcomeOf(index(world).getVectors({ keys: ["a"] })),
  "storage.vectors.from().index().listVectors": (world) => outcomeOf(index(world).listVectors()),
  "storage.vectors.from().index().queryVectors": (world) =>
    outcomeOf(index(world).queryVectors({ queryVector: { float32: [1, 0, 0] }, topK: 1 })),
  "storage.vectors.from().index().deleteVectors": (world) =>
    outcomeOf(index(world).deleteVectors({ keys: ["a"] })),
  "storage.vectors.from().index().throwOnError": async (world) => {
    await assert.rejects(async () => void await index(world).throwOnError().listVectors());
    return works;
  },
  "storage.vectors.from().index().setHeader": (world) =>
    outcomeOf(index(world).setHeader("x-mine", "1").listVectors()),
  "storage.analytics.createBucket": (world) =>
    outcomeOf(asService(world).analytics.createBucket("warehouse")),
  "storage.analytics.listBuckets": (world) => outcomeOf(asService(world).analytics.listBuckets()),
  "storage.analytics.deleteBucket": (world) =>
    outcomeOf(asService(world).analytics.deleteBucket("warehouse")),
  "storage.analytics.throwOnError": async (world) => {
    const { analytics } = asService(world);
    await assert.rejects(async () => void await analytics.throwOnError().deleteBucket("none"));
    return works;
  },
  "storage.analytics.setHeader": (world) =>
    outcomeOf(asService(world).analytics.setHeader("x-mine", "1").listBuckets()),
  "storage.analytics.from": (world) =>
    outcomeOf(asked(asService(world).analytics.from("warehouse").listNamespaces())),
  "storage.analytics.from().listNamespaces": (world) =>
    outcomeOf(asked(catalog(world).listNamespaces())),
  "storage.analytics.from().createNamespace": (world) =>
    outcomeOf(asked(catalog(world).createNamespace(namespace))),
  "storage.analytics.from().createNamespaceIfNotExists": (world) =>
    outcomeOf(asked(catalog(world).createNamespaceIfNotExists(namespace))),
  "storage.analytics.from().dropNamespace": (world) =>
    outcomeOf(asked(catalog(world).dropNamespace(namespace))),
  "storage.analytics.from().loadNamespaceMetadata": (world) =>
    outcomeOf(asked(catalog(world).loadNamespaceMetadata(namespace))),
  "storage.analytics.from().namespaceExists": (world) =>
    outcomeOf(asked(catalog(world).namespaceExists(namespace))),
  "storage.analytics.from().listTables": (world) =>
    outcomeOf(asked(catalog(world).listTables(namespace))),
  "storage.analytics.from().createTable": (world) =>
    outcomeOf(asked(catalog(world).createTable(namespace, shape))),
  "storage.analytics.from().createTableIfNotExists": (world) =>
    outcomeOf(asked(catalog(world).createTableIfNotExists(namespace, shape))),
  "storage.analytics.from().updateTable": (world) =>
    outcomeOf(asked(catalog(world).updateTable(table, { properties: { a: "b" } }))),
  "storage.analytics.from().dropTable": (world) =>
    outcomeOf(asked(catalog(world).dropTable(table))),
  "storage.analytics.from().loadTable": (world) =>
    outcomeOf(asked(catalog(world).loadTable(table))),
  "storage.analytics.from().tableExists": (world) =>
    outcomeOf(asked(catalog(world).tableExists(table))),
};
