import { assertDeepEquals } from "../../supabase/functions/_shared/asserts.ts";

const read = async (path: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../../${path}`, import.meta.url)));

Deno.test("the functions import the versions that the project installs", async () => {
  const { imports } = await read("supabase/functions/deno.json") as {
    imports: Record<string, string>;
  };
  const { devDependencies } = await read("package.json") as {
    devDependencies: Record<string, string>;
  };
  const pinned = Object.values(imports).map((specifier) => {
    const [, name = specifier, version] = /^npm:\/?((?:@[^@]+\/)?[^@/]+)@([^/]+)/.exec(specifier) ??
      [];
    return { name, version };
  });
  assertDeepEquals(
    pinned,
    pinned.map(({ name }) => ({ name, version: devDependencies[name] })),
  );
});

Deno.test("one supabase-js is tested, by our own tests and as others' packages use it", async () => {
  const ours = (await read("package.json")).devDependencies["@supabase/supabase-js"];
  for (const client of ["langchain", "mem0"]) {
    const { dependencies } = await read(`supabase/functions/tests/clients/${client}/package.json`);
    assertDeepEquals(dependencies["@supabase/supabase-js"], ours, client);
  }
});
