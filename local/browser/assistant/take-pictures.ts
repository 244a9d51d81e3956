/** `npm run pictures`: walks through the example's page, and keeps what it shows in `docs/pictures`. */
import { PROJECT } from "../../testing/deno-test.ts";

const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    ...["run", "--allow-all", "local/testing/run.ts"],
    ...["--only", "browser", "--embedded", "--match", "assistant"],
  ],
  cwd: PROJECT,
  env: { GROUNDWORK_PICTURES: `${PROJECT}/docs/pictures` },
}).spawn().status;
Deno.exit(code);
