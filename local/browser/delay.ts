import { withBrowser } from "./chromium.ts";
const [, , port = "9915"] = ["", "", Deno.args[0]];
await withBrowser("/usr/bin/chromium", async (browser) => {
  const page = await (await browser.newContext()).newPage();
  await page.goto("http://127.0.0.1:" + port + "/x");
  for (const how of ["mine", "theirs", "refused"]) {
    console.log(
      how,
      await page.evaluate(async ([port, how]) => {
        const s = new WebSocket(`ws://127.0.0.1:${port}/${how}`);
        await new Promise((r) => s.onopen = r);
        const t = performance.now();
        if (how === "mine") s.close(4001, "x");
        else if (how === "theirs") s.send("end");
        const e: CloseEvent = await new Promise((r) => s.onclose = r);
        return [Math.round(performance.now() - t), e.code, e.wasClean, e.reason];
      }, [port, how]),
    );
  }
});
