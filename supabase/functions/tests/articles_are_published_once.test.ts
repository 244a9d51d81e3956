import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { articles, drill, sql, told } from "./articles.ts";
import type { Mood } from "./publishing-platforms.ts";
import { startIsolate } from "./world.ts";

const { add, publish, read, skipPause } = articles;

for (const mood of ["accept-and-drop", "accept-and-fault", "accept-and-hang"] satisfies Mood[]) {
  drill(
    `accepted, and nobody learnt of it: ${mood}; the platform is asked and it is one`,
    async ({ devto, isolate, platform }) => {
      const id = await add();
      devto.moods = [mood];
      const first = await publish(isolate, platform);
      assertDeepEquals([first.published, first.retrying], [0, 1]);
      const waiting = await read(id);
      assertDeepEquals([waiting.status, waiting.was_tried], ["pending", true]);
      assert(waiting.last_error.includes("platform"), waiting.last_error);
      // Others have published since: it is not on the first page any more.
      for (let n = 0; n < 5; n++) {
        devto.published.unshift({ id: 90 + n, title: "Other", published_at: new Date().toJSON() });
      }
      await skipPause();
      const second = await publish(isolate, platform);
      assertDeepEquals([second.published, second.found], [1, 1]);
      assertEquals(told(devto).length, 1);
      assertEquals((await read(id)).posted_url, "https://dev.example/acme/1");
    },
  );
}

for (const mood of ["drop", "fault", "hang"] satisfies Mood[]) {
  drill(
    `not taken up: ${mood}; the platform is asked, and told again`,
    async ({ devto, isolate, platform }) => {
      const id = await add();
      devto.moods = [mood];
      assertEquals((await publish(isolate, platform)).retrying, 1);
      await skipPause();
      const second = await publish(isolate, platform);
      assertDeepEquals([second.published, second.found], [1, 0]);
      assertDeepEquals([told(devto).length, devto.published.length], [2, 1]);
      assertDeepEquals([(await read(id)).status, (await read(id)).attempts], ["done", 2]);
    },
  );
}

drill(
  "killed (SIGKILL) after the platform has accepted: the next one finds it",
  async ({ devto, isolate, platform }) => {
    const id = await add();
    devto.moods = ["accept-and-hang"];
    const doomed = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "--quiet",
        new URL("publish-until-killed.ts", import.meta.url).pathname,
        devto.account.url,
        devto.account.key,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    doomed.status.then(() => ended = true);
    while (devto.published.length === 0 && !ended) {
      await new Promise((next) => setTimeout(next, 10));
    }
    doomed.kill("SIGKILL");
    await doomed.status;
    assertEquals((await read(id)).status, "in_progress");
    assertEquals((await publish(isolate, platform)).published, 0, "its lease still runs");
    await sql`update public.build_content_queue set lease_expires_at = now() where id = ${id}`;
    await sql`select private.release_expired_work()`;
    const tally = await publish(isolate, platform);
    assertDeepEquals([tally.published, tally.found, devto.published.length], [1, 1, 1]);
    assertDeepEquals([(await read(id)).status, (await read(id)).external_id], ["done", "1"]);
  },
);

drill(
  "silent between the platform's yes and our done: the next one finds it, the late one is refused",
  async ({ devto, isolate: late, platform }) => {
    await using next = startIsolate();
    const id = await add();
    let nextTally;
    const tally = await publish(late, {
      ...platform,
      async publish(item) {
        const publication = await platform.publish(item);
        await sql`update public.build_content_queue set lease_expires_at = now() where id = ${id}`;
        await sql`select private.release_expired_work()`;
        nextTally = await publish(next, platform);
        return { ...publication, externalId: "what the late one says" };
      },
    });
    assertDeepEquals(tally, { published: 0, found: 0, retrying: 0, failed: 0, lost: 1 });
    assertDeepEquals(nextTally, { published: 1, found: 1, retrying: 0, failed: 0, lost: 0 });
    assertEquals(devto.published.length, 1);
    assertDeepEquals([(await read(id)).status, (await read(id)).external_id], ["done", "1"]);
  },
);

drill(
  "cancelled while the platform is asked: it is not told",
  async ({ devto, isolate, platform }) => {
    const id = await add();
    await sql`update public.build_content_queue set tried_at = now() where id = ${id}`;
    const tally = await publish(isolate, {
      ...platform,
      async find(item, since) {
        await sql`select private.cancel_work('build_content_queue', array[${id}::bigint])`;
        return await platform.find(item, since);
      },
    });
    assertDeepEquals([tally.lost, told(devto).length], [1, 0]);
  },
);

drill(
  "a draft with the same title and address at the platform is not our article",
  async ({ devto, isolate, platform }) => {
    const id = await add({ title: "Twice", canonical_url: "https://blog.example/twice" });
    devto.published.push({
      id: 99,
      title: "Twice",
      canonical_url: "https://blog.example/twice",
      body_markdown: "not ours",
      published: false,
    });
    await sql`update public.build_content_queue set tried_at = now() where id = ${id}`;
    const tally = await publish(isolate, platform);
    assertDeepEquals([tally.published, tally.found, told(devto).length], [1, 0, 1]);
  },
);

drill("a platform that cannot be asked is not told", async ({ devto, isolate, platform }) => {
  const id = await add();
  devto.moods = ["accept-and-drop"];
  devto.questionMoods = ["fault"];
  await publish(isolate, platform);
  await skipPause();
  assertEquals((await publish(isolate, platform)).retrying, 1);
  assertDeepEquals(devto.heard.map(({ method }) => method), ["POST", "GET"]);
  await skipPause();
  assertEquals((await publish(isolate, platform)).found, 1);
  assertEquals((await read(id)).status, "done");
});

drill(
  "a try that arrives after we asked: the platform refuses the second, and it is found",
  async ({ devto, isolate, platform }) => {
    const id = await add();
    devto.refusesDuplicates = true;
    devto.moods = ["accept-and-drop"];
    await publish(isolate, platform);
    const late = devto.published.splice(0);
    await skipPause();
    let questions = 0;
    const tally = await publish(isolate, {
      ...platform,
      async find(item, since) {
        const found = await platform.find(item, since);
        if (questions++ === 0) devto.published.push(...late); // the slow one is through now
        return found;
      },
    });
    assertDeepEquals([tally.published, tally.found, devto.published.length], [1, 1, 1]);
    assertEquals((await read(id)).external_id, "1");
  },
);

drill(
  "however often it is invoked at once, whatever the platform does, one article is one article",
  async ({ devto, isolate: one, platform }) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor(state / 0x80000000 * below);
    };
    const moods: Mood[] = [
      "well",
      "drop",
      "fault",
      "accept-and-drop",
      "accept-and-fault",
      "busy",
    ];
    await using other = startIsolate();
    const ids = await Promise.all(Array.from({ length: 6 }, () => add({ max_attempts: 100 })));
    for (let round = 0; round < 40; round++) {
      devto.moods = round < 30 ? Array.from({ length: 3 }, () => moods[random(moods.length)]!) : [];
      devto.questionMoods = round < 30 && random(3) === 0 ? ["fault"] : [];
      await Promise.all([one, other, one, other].map((isolate) => publish(isolate, platform)));
      await skipPause();
    }
    const rows = await Promise.all(ids.map(read));
    assertDeepEquals(rows.map(({ status }) => status), ids.map(() => "done"));
    assertEquals(devto.published.length, ids.length, `seed ${seed}`);
    assertEquals(new Set(devto.published.map(({ title }) => title)).size, ids.length);
    for (const row of rows) {
      assert(devto.published.some(({ url }) => url === row.posted_url), `seed ${seed}`);
    }
  },
);
