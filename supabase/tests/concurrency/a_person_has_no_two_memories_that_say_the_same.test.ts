import assert from "node:assert/strict";
import { type Chance, outcomeOf, takeChance, withSessions, withWorkspace } from "./sessions.ts";

const SPEAKERS = 12;
const TOPICS = 6;

/** A vector at so many degrees from its topic's axis: near-duplicates are those within 18° of each other. */
function vectorOf(topic: number, degrees: number): string {
  const turn = degrees * Math.PI / 180;
  const vector = new Array(384).fill(0);
  vector[2 * topic] = Math.cos(turn);
  vector[2 * topic + 1] = Math.sin(turn);
  return JSON.stringify(vector);
}

/** Valid memories of one person whose embeddings or words are the same by the rules. */
const DUPLICATES = `
  select a.content as one, b.content as other from public.memories as a join public.memories as b
    on a.user_id = b.user_id and a.workspace_id = b.workspace_id and a.id < b.id
    and a.agent_id is not distinct from b.agent_id and a.valid_to is null and b.valid_to is null
  where a.workspace_id = $1 and (a.content_hash = b.content_hash or (
    a.embedding_model = b.embedding_model and a.embedding operator(extensions.<=>) b.embedding <= 0.05
    and (a.subject = b.subject) is not false
    and private.significant_words(a.content) = private.significant_words(b.content)))`;

const LOST = `
  select said.content from unnest($2::text[]) as said (content)
  where not exists (select from public.memory_sources as s where s.workspace_id = $1 and s.content = said.content)`;

const LEAKED = `
  select m.id from public.memories as m join public.memory_sources as s on s.memory_id = m.id
  where m.workspace_id = $1 and (s.user_id <> m.user_id or s.content not like m.user_id || '%')
  union all
  select m.id from public.memories as m join public.memories as later on later.id = m.superseded_by
  where m.workspace_id = $1 and later.user_id <> m.user_id`;

async function assertSound(
  watcher: Parameters<Parameters<typeof withSessions>[1]>[1],
  workspace: string,
  said: string[],
  seed: number,
) {
  const place = `seed ${seed}`;
  assert.deepEqual([...await watcher.unsafe(DUPLICATES, [workspace])], [], `twice: ${place}`);
  assert.deepEqual([...await watcher.unsafe(LOST, [workspace, said])], [], `lost: ${place}`);
  assert.deepEqual([...await watcher.unsafe(LEAKED, [workspace])], [], `leaked: ${place}`);
}

Deno.test("many who remember the same at once make one memory of it", async () => {
  const { seed } = takeChance();
  await withSessions(SPEAKERS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "member", count: 1 }], async (workspace, [person]) => {
      const said = sessions.map((_, place) =>
        `${person} has a dog, as told by ${"x".repeat(place + 1)}`
      );
      const outcomes = await Promise.all(sessions.map((sql, place) =>
        sql<{ outcome: string }[]>`
        select outcome from private.remember(${workspace}, ${said[place]!}, embedding => ${
          vectorOf(0, place)
        }::text::extensions.halfvec, embedding_model => 'm', user_id => ${person!})`
      ));
      const told = outcomes.map(([answer]) => answer?.outcome).sort();
      assert.deepEqual(told, ["added", ...new Array(SPEAKERS - 1).fill("confirmed")]);
      await assertSound(watcher, workspace, said, seed);
    });
  });
});

Deno.test("no sequence of calls, by many at once, makes two, loses one, or mixes people", async () => {
  const chance = takeChance();
  await withSessions(SPEAKERS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "member", count: 3 }], async (workspace, people) => {
      const said: string[] = [];
      const subjects = [null, null, "home", "work"];

      async function speak(sql: typeof sessions[number], mine: Chance, speaker: number) {
        for (let turn = 0; turn < 12; turn++) {
          const person = mine.pick(people);
          const topic = mine.below(TOPICS);
          const embedding = mine.happens(0.6) ? vectorOf(topic, mine.below(60)) : null;
          // With words by which their language is known: without any, near statements stay apart.
          const content = `${person} has the topic ${mine.happens(0.5) ? "" : "not "}${
            "abcdef"[topic]
          } ${mine.happens(0.3) ? "again" : `${"s".repeat(speaker + 1)}${"t".repeat(turn + 1)}`}`;
          if (mine.happens(0.15)) {
            const recalled = await sql<{ content: string }[]>`
              select content from public.recall(${workspace}, 'topic', match_count => 5, user_id => ${person})`;
            const others = recalled.filter(({ content }) => !content.startsWith(person));
            assert.deepEqual(others, [], `seed ${chance.seed}: recalled another's`);
            if (mine.happens(0.5)) await sql`select private.count_recalls()`;
            continue;
          }
          if (mine.happens(0.2)) {
            // What came without an embedding gets one, as embed gives it: under the locks, then all at once.
            await sql.begin(async (transaction) => {
              await transaction`select private.lock_memories(${workspace}, ${person})`;
              await transaction`
                update public.memories set embedding_model = 'm', embedding = ${
                vectorOf(mine.below(TOPICS), mine.below(60))
              }::text::extensions.halfvec
                where workspace_id = ${workspace} and user_id = ${person} and embedding is null and valid_to is null`;
            });
            continue;
          }
          const [known] = mine.happens(0.2)
            ? await sql<{ id: string }[]>`
              select id from public.memories
              where workspace_id = ${workspace} and user_id = ${person} and valid_to is null
              order by id limit 1`
            : [];
          const outcome = await outcomeOf(sql`
            select * from private.remember(${workspace}, ${content}, source_kind => 'user_message',
              embedding => ${embedding}::text::extensions.halfvec,
              embedding_model => ${embedding && "m"}, subject => ${mine.pick(subjects)},
              supersedes => ${known?.id ?? null}, user_id => ${person})`);
          if (outcome === "ok") said.push(content);
          // Somebody else superseded it between.
          else assert.equal(outcome, "not_found", `seed ${chance.seed}: ${outcome}`);
        }
      }
      await Promise.all(sessions.map((sql, speaker) => speak(sql, chance.fork(), speaker)));
      assert.ok(said.length > 50);
      await assertSound(watcher, workspace, said, chance.seed);
    });
  });
});

Deno.test("each recall is counted once, however many recall and count at once", async () => {
  await withSessions(8, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "member", count: 2 }], async (workspace, people) => {
      for (const person of people) {
        await watcher`select private.remember(${workspace}, 'Likes tea.', user_id => ${person})`;
      }
      await Promise.all(sessions.map(async (sql, place) => {
        for (let turn = 0; turn < 20; turn++) {
          await sql`select count(*) from public.recall(${workspace}, 'tea', user_id => ${people[
            turn % 2
          ]!})`;
          if (turn % 3 === place % 3) await sql`select private.count_recalls()`;
        }
      }));
      // The stack's own job may be counting, and is not waited for.
      for (let left = 1; left > 0;) {
        await watcher`select private.count_recalls()`;
        [{ left = 0 } = {}] = await watcher<{ left: number }[]>`
          select count(*)::int as left from private.recalls where workspace_id = ${workspace}`;
        if (left > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const counted = await watcher<{ times: number }[]>`
        select recalled_count as times from public.memories where workspace_id = ${workspace}`;
      assert.deepEqual(counted.map(({ times }) => times), [80, 80]);
    });
  });
});
