import assert from "node:assert/strict";
import { writeZodSchemas } from "./zod-schemas.ts";

const types = (column: string) => `
export type Json = string | { [key: string]: Json | undefined } | Json[];
export type Database = {
  private: { Tables: { secrets: { Row: { id: string; }; }; }; };
  public: {
    Tables: {
      "two_words": {
        Row: {
          ${column}
        };
        ComputedFields: never;
        Insert: {
          "id"?: never;
          "name"?: string | null;
        };
        Update: {
          "tags"?: (string)[] | null;
        };
        Relationships: [
          {
            foreignKeyName: "a_key";
            columns: ["id"];
          },
        ];
      };
    };
    Views: {
      seen: {
        Row: {
          at: number;
        };
        Insert: {
          at?: number;
        };
      };
    };
    Functions: {
      act: {
        Args: { "how": string };
        Returns: {
          "done": boolean;
        }[];
      };
    };
  };
};
`;

Deno.test("tables have a schema of each form, views that of a row, all else none", () => {
  const written = writeZodSchemas(types('"is_it": boolean;'));
  const names = [...written.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(names, [
    "twoWordsRowSchema",
    "twoWordsInsertSchema",
    "twoWordsUpdateSchema",
    "seenRowSchema",
  ]);
  for (
    const part of [
      "twoWordsRowSchema = z.object({\n  is_it: z.boolean(),\n});",
      "twoWordsInsertSchema = z.strictObject({\n  id: z.never().exactOptional(),",
      "  name: z.string().nullable().exactOptional(),",
      "  tags: z.array(z.string()).nullable().exactOptional(),",
    ]
  ) assert.ok(written.includes(part), `${part} in\n${written}`);
});

Deno.test("every type of a column has its schema, and an unknown one is refused by its column", () => {
  const schemaOf = (type: string) =>
    /row: (.+),/.exec(writeZodSchemas(types(`"row": ${type};`)))?.[1];
  const schemas = {
    "string": "z.string()",
    "number | null": "z.number().nullable()",
    "unknown": "z.unknown()",
    "Json": "z.json()",
    "NonNullable<Json>": "someJson",
    "(number)[]": "z.array(z.number())",
    "string[] | null": "z.array(z.string()).nullable()",
    '"open" | "closed"': 'z.enum(["open", "closed"])',
  };
  for (const [type, schema] of Object.entries(schemas)) assert.equal(schemaOf(type), schema, type);
  assert.throws(() => schemaOf("Date"), /two_words\.row: Date has no schema/);
  assert.throws(() => writeZodSchemas("export type Json = string;"), /no types of a database/);
});
