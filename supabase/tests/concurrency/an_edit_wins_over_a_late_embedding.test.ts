import assert from "node:assert/strict";
import { waitsForLock, withSessions, withWorkspace } from "./sessions.ts";

const VECTOR = JSON.stringify(Array.from({ length: 384 }, (_, n) => n === 0 ? 1 : 0));
const MODEL = "a model of this test";

Deno.test("an embedding that meets an edit on its way is not written over the newer content", async () => {
  await withSessions(2, async ([editor, embedder], watcher) => {
    assert(editor && embedder);
    await withWorkspace(watcher, [{ role: "member", count: 1 }], async (workspace) => {
      // Claimed before anybody sees it: the stack's own embedder is at work too.
      const { chunk, job } = await watcher.begin(async (transaction) => {
        const [document] = await transaction<{ id: string }[]>`
          insert into public.documents (workspace_id, path, name, content)
          values (${workspace}, 'raced', 'raced', 'As it was.') returning id`;
        const [chunk] = await transaction<{ id: string }[]>`
          select id from public.document_chunks where document_id = ${document!.id}`;
        const [job] = await transaction<{ id: number; claim_token: string }[]>`
          update public.embedding_jobs
          set status = 'in_progress', claim_token = gen_random_uuid(), claimed_by = 'race', attempts = 1,
            lease_expires_at = now() + interval '1 minute'
          where target_id = ${chunk!.id} returning id, claim_token`;
        return { chunk: chunk!, job: job! };
      });

      let stored: Promise<{ stored: number; stale: number }[]> | undefined;
      await editor.begin(async (transaction) => {
        await transaction`update public.document_chunks set content = 'As it is now.' where id = ${chunk.id}`;
        stored = embedder<{ stored: number; stale: number }[]>`
          select * from private.store_embeddings(${job.claim_token}, ${MODEL}, ${
          embedder.json([{ id: job.id, embedding: JSON.parse(VECTOR) }])
        })`;
        stored.catch(() => {}); // told below
        // It has looked at the old content, and waits for what becomes of the row.
        await waitsForLock(watcher, "%store_embeddings%");
      });
      assert.deepEqual([...await stored!].map((row) => ({ ...row })), [{ stored: 0, stale: 1 }]);
      const [row] = await watcher`
        select content, embedding, embedding_model from public.document_chunks where id = ${chunk.id}`;
      assert.deepEqual({ ...row }, {
        content: "As it is now.",
        embedding: null,
        embedding_model: null,
      });
    });
  });
});
