/** Whether a screen can be used by everybody: axe finds nothing, dark on a desk and light on a phone, where it fits. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { ASSISTANT } from "../../assistant/build.ts";

const AXE = `${ASSISTANT}/node_modules/axe-core/axe.min.js`;

/** What a page has when axe is loaded. */
interface WithAxe {
  axe: {
    run(): Promise<{
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    }>;
  };
}

/** What axe finds in a page, as lines. */
async function complaintsOf(page: Page): Promise<string[]> {
  if (!await page.evaluate(() => "axe" in globalThis)) await page.addScriptTag({ path: AXE });
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as WithAxe).axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html}: ${node.failureSummary}`)
    );
  });
}

/** Asserts it of what is on the screen now. */
export async function isForEverybody(page: Page, where: string): Promise<void> {
  const before = page.viewportSize()!;
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await complaintsOf(page), [], `${where}, dark`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 800 });
  const tooWide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  assert.equal(tooWide, 0, `${where} is wider than a phone`);
  assert.deepEqual(await complaintsOf(page), [], `${where}, light, on a phone`);
  await page.setViewportSize(before);
}
