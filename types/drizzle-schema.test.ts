import assert from "node:assert/strict";
import {
  builderOfDomain,
  completeDrizzleRelations,
  completeDrizzleSchema,
} from "./drizzle-schema.ts";

/** Two tables as drizzle-kit 0.31 writes them, with all that it does not know or mixes up. */
const schema = `import { pgTable, text, foreignKey } from "drizzle-orm/pg-core"

export const talks = pgTable("talks", {
	id: uuid().notNull(),
	description: text().default(').notNull(),
	// TODO: failed to parse database type 'private.short_text'
	name: unknown("name").notNull(),
	// TODO: failed to parse database type 'halfvec(384)'
	embedding: unknown("embedding"),
	// TODO: failed to parse database type 'ltree'
	path: unknown("path").notNull(),
}, (table) => [
	foreignKey({
			columns: [table.name],
			foreignColumns: [limits.name],
			name: "limit_is_known"
		}).onDelete("cascade"),
	foreignKey({
			columns: [table.userId],
			foreignColumns: [users.id],
			name: "user_is_known"
		}),
]);

export const messages = pgTable("messages", {
}, (table) => [
	foreignKey({
			columns: [table.workspaceId, table.talkId],
			foreignColumns: [talks.id, talks.workspaceId],
			name: "talk_is_known"
		}).onDelete("cascade"),
	foreignKey({
			columns: [table.parentId],
			foreignColumns: [table.id],
			name: "parent_is_known"
		}),
]);

export const ours = pgView("ours", {}).with({"securityInvoker":"on","securityBarrier":"off"});
`;
const relations = `import { relations } from "drizzle-orm/relations";
import { talks, messages, limitsInPrivate } from "./schema";

export const talksRelations = relations(talks, ({one, many}) => ({
	limitsInPrivate: one(limitsInPrivate, {
		fields: [talks.name],
		references: [limitsInPrivate.name]
	}),
	messages: many(messages),
}));

export const limitsInPrivateRelations = relations(limitsInPrivate, ({many}) => ({
	talks: many(talks),
}));

export const messagesRelations = relations(messages, ({one}) => ({
	talk: one(talks, {
		fields: [messages.workspaceId],
		references: [talks.id]
	}),
}));
`;

Deno.test("every domain of the migrations is known as what it is made of", async () => {
  const folder = new URL("../supabase/migrations/", import.meta.url);
  const domains: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    const chapter = await Deno.readTextFile(new URL(name, folder));
    for (const [, domain = "", base = ""] of chapter.matchAll(/^create domain (\S+) as (\w+)/gm)) {
      domains[domain] = base;
    }
  }
  assert.deepEqual({ ...builderOfDomain }, domains);
});

Deno.test("what drizzle-kit does not know of a schema is completed, once", () => {
  const completed = completeDrizzleSchema(schema);
  for (
    const line of [
      `import { customType, halfvec, type PgTableExtraConfigValue } from "drizzle-orm/pg-core";`,
      `import { authUsers as users } from "drizzle-orm/supabase";`,
      `description: text().default('').notNull(),`,
      `name: text("name").notNull(),`,
      `embedding: halfvec("embedding", { dimensions: 384 }),`,
      `path: customType<{ data: string }>({ dataType: () => "ltree" })("path").notNull(),`,
      `foreignColumns: [talks.workspaceId, talks.id],`,
      `foreignColumns: [table.id],`,
      `foreignColumns: [users.id],`,
      `.with({"securityInvoker":true,"securityBarrier":false})`,
    ]
  ) assert.ok(completed.includes(line), `${line} in\n${completed}`);
  assert.doesNotMatch(completed, /unknown\(|limits\.|\(table\) => \[/);
  assert.equal(completeDrizzleSchema(completed), completed);
});

Deno.test("relations are over whole keys, and over tables that are there", () => {
  const completed = completeDrizzleRelations(relations, schema);
  assert.ok(completed.includes(`import { talks, messages } from "./schema.js";`), completed);
  assert.ok(completed.includes("fields: [messages.workspaceId, messages.talkId],"), completed);
  assert.ok(completed.includes("references: [talks.workspaceId, talks.id]"), completed);
  assert.ok(completed.includes("messages: many(messages),"));
  assert.doesNotMatch(completed, /limitsInPrivate/);
  assert.equal(completeDrizzleRelations(completed, completeDrizzleSchema(schema)), completed);
});
