/** One set of scenarios, run against every implementation of the scratchpad. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createDatabase } from "../_shared/database.ts";
import type { Scratchpad } from "../_shared/scratchpad/scratchpad.ts";
import { createPostgresScratchpad } from "../_shared/scratchpad/postgres.ts";
import { createRedisScratchpad } from "../_shared/scratchpad/redis.ts";
import { environment } from "./world.ts";

const kinds: Record<string, () => [Scratchpad, () => Promise<void>]> = {
  postgres() {
    const database = createDatabase(environment);
    return [createPostgresScratchpad(database), () => database.close()];
  },
};
const { redis } = environment;
if (redis) kinds.redis = () => [createRedisScratchpad(redis, 2000), () => Promise.resolve()];

const fresh = () => crypto.randomUUID();

const scenarios: Record<string, (pad: Scratchpad) => Promise<void>> = {
  async "an answer that was written back is read again, with its revision"(pad) {
    const user = fresh();
    const { epoch, answer } = await pad.readAnswer(user);
    assertEquals(answer, null);
    assertEquals(await pad.writeBack(user, { revision: 5, value: ["é"] }, epoch, 60), "written");
    assertDeepEquals(await pad.readAnswer(user), { epoch, answer: { revision: 5, value: ["é"] } });
  },

  async "a list grows at its end, once for each number, and never over a gap"(pad) {
    const key = `stream:${fresh()}`;
    assertDeepEquals(await pad.append(key, 0, ["a", "é"], 60), { next: 2, isGap: false });
    assertDeepEquals(await pad.append(key, 1, ["é", "c"], 60), { next: 3, isGap: false });
    assertDeepEquals(await pad.append(key, 0, ["a"], 60), { next: 3, isGap: false });
    assertDeepEquals(await pad.append(key, 4, ["e"], 60), { next: 3, isGap: true });
    assertDeepEquals(await pad.append(key, 0, [], 60), { next: 3, isGap: false });
    assertDeepEquals(await pad.readChunks(key, 1, 10), ["é", "c"]);
    assertDeepEquals(await pad.readChunks(key, 0, 1), ["a"]);
    await pad.expireChunks(key, 0);
    assertDeepEquals(await pad.readChunks(key, 0, 10), []);
    await pad.expireChunks(key, 60); // what is over does not come back
    assertDeepEquals(await pad.readChunks(key, 0, 10), []);
    assertDeepEquals(await pad.append(key, 0, ["x"], 60), { next: 1, isGap: false });
    await pad.expireChunks(key, 60);
    assertDeepEquals(await pad.readChunks(key, 0, 10), ["x"]);
  },

  async "a floor drops an older answer and refuses to have it written back"(pad) {
    const user = fresh();
    const { epoch } = await pad.readAnswer(user);
    await pad.writeBack(user, { revision: 5, value: [] }, epoch, 60);
    await pad.raiseFloors(new Map([[user, 6]]));
    assertEquals((await pad.readAnswer(user)).answer, null);
    assertEquals(await pad.writeBack(user, { revision: 5, value: [] }, epoch, 60), "below_floor");
    assertEquals((await pad.readAnswer(user)).answer, null);
    assertEquals(await pad.writeBack(user, { revision: 6, value: [] }, epoch, 60), "written");
  },

  async "a floor never sinks, and leaves an answer that is new enough"(pad) {
    const user = fresh();
    const { epoch } = await pad.readAnswer(user);
    await pad.raiseFloors(new Map([[user, 6]]));
    await pad.raiseFloors(new Map([[user, 4]]));
    assertEquals(await pad.writeBack(user, { revision: 5, value: [] }, epoch, 60), "below_floor");
    await pad.writeBack(user, { revision: 7, value: [] }, epoch, 60);
    await pad.raiseFloors(new Map([[user, 7]]));
    assertEquals((await pad.readAnswer(user)).answer?.revision, 7);
  },

  async "an older answer does not replace a newer one"(pad) {
    const user = fresh();
    const { epoch } = await pad.readAnswer(user);
    await pad.writeBack(user, { revision: 9, value: ["new"] }, epoch, 60);
    await pad.writeBack(user, { revision: 8, value: ["old"] }, epoch, 60);
    assertDeepEquals((await pad.readAnswer(user)).answer, { revision: 9, value: ["new"] });
  },

  async "floors of many people are raised at once"(pad) {
    const floors = new Map(Array.from({ length: 1200 }, () => [fresh(), 3] as const));
    await pad.raiseFloors(floors);
    const { epoch } = await pad.readAnswer(fresh());
    for (const user of [...floors.keys()].filter((_, place) => place % 400 === 0)) {
      assertEquals(await pad.writeBack(user, { revision: 2, value: [] }, epoch, 60), "below_floor");
    }
  },

  async "after the epoch changed nothing from before is believed or written back"(pad) {
    const user = fresh();
    const { epoch } = await pad.readAnswer(user);
    await pad.writeBack(user, { revision: 5, value: [] }, epoch, 60);
    await pad.renewEpoch();
    const later = await pad.readAnswer(user);
    assert(later.epoch !== epoch);
    assertEquals(later.answer, null);
    assertEquals(await pad.writeBack(user, { revision: 9, value: [] }, epoch, 60), "other_epoch");
    // An answer of an epoch that is over does not stand in the way, whatever its revision.
    assertEquals(await pad.writeBack(user, { revision: 1, value: [] }, later.epoch, 60), "written");
    assertEquals((await pad.readAnswer(user)).answer?.revision, 1);
  },

  async "hits add up"(pad) {
    const key = `limit:test:${fresh()}`;
    assertEquals(await pad.hit(key, 3, 60), 3);
    assertEquals(await pad.hit(key, 4, 60), 7);
    const all = await Promise.all(Array.from({ length: 20 }, () => pad.hit(key, 1, 60)));
    assertDeepEquals(all.toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, i) => 8 + i));
  },

  async "values are kept, replaced and removed"(pad) {
    const key = `session:${fresh()}`;
    assertEquals(await pad.get(key), null);
    await pad.set(key, { name: "Ωmega", list: [1, null, true] }, 60);
    assertDeepEquals(await pad.get(key), { name: "Ωmega", list: [1, null, true] });
    await pad.set(key, "other", 60);
    assertEquals(await pad.get(key), "other");
    await pad.remove([key, `${key} unknown`]);
    assertEquals(await pad.get(key), null);
    await pad.remove([]);
  },

  async "what was removed is not replaced, and what is there is"(pad) {
    const key = `session:${fresh()}`;
    assertEquals(await pad.replace(key, "new", 60), false);
    assertEquals(await pad.get(key), null);
    await pad.set(key, "old", 60);
    assertEquals(await pad.replace(key, { new: true }, 60), true);
    assertDeepEquals(await pad.get(key), { new: true });
    await pad.replace(key, "brief", 1);
    while (await pad.get(key) !== null) await new Promise((r) => setTimeout(r, 100));
    assertEquals(await pad.replace(key, "late", 60), false);
  },

  async "members come and go, and joining again only says so once"(pad) {
    const key = `presence:${fresh()}`;
    assertEquals(await pad.join(key, "ada", { status: "here" }, 60), true);
    assertEquals(await pad.join(key, "ada", { status: "away" }, 60), false);
    assertEquals(await pad.join(key, "bob", {}, 60), true);
    const members = await pad.members(key);
    assertDeepEquals(
      members.map(({ member, info }) => ({ member, info })).toSorted((a, b) =>
        a.member < b.member ? -1 : 1
      ),
      [{ member: "ada", info: { status: "away" } }, { member: "bob", info: {} }],
    );
    assert(members.every((one) => Math.abs(one.endsAt - Date.now() - 60_000) < 5_000));
    assertEquals(await pad.leave(key, "ada"), true);
    assertEquals(await pad.leave(key, "ada"), false);
    assertDeepEquals((await pad.members(key)).map((one) => one.member), ["bob"]);
  },

  async "whoever's time has ended is not there, and joins anew"(pad) {
    const key = `presence:${fresh()}`;
    await pad.join(key, "brief", {}, 1);
    await pad.join(key, "long", {}, 60);
    while ((await pad.members(key)).length > 1) await new Promise((r) => setTimeout(r, 100));
    assertDeepEquals((await pad.members(key)).map((one) => one.member), ["long"]);
    assertEquals(await pad.leave(key, "brief"), false);
    assertEquals(await pad.join(key, "brief", {}, 60), true);
  },
};

for (const [kind, open] of Object.entries(kinds)) {
  for (const [claim, scenario] of Object.entries(scenarios)) {
    Deno.test({
      name: `${kind}: ${claim}`,
      sanitizeResources: false, // the client of Redis keeps its connections
      sanitizeOps: false,
      async fn() {
        const [pad, close] = open();
        try {
          await scenario(pad);
        } finally {
          await close();
        }
      },
    });
  }
}
