import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { signIn } from "./seed-people.ts";

/** Somebody of the seed, and the bucket as they see it. */
async function comeIn(email: string) {
  const person = await signIn(email);
  return { ...person, files: person.client.storage.from("attachments") };
}

Deno.test({
  name: "a file is attached to a conversation and read by those who read it",
  sanitizeResources: false, // supabase-js keeps its connections and a timer
  sanitizeOps: false,
  async fn(test) {
    const juan = await comeIn("juan@acme.example");
    const ben = await comeIn("ben@acme.example");
    const olga = await comeIn("olga@globex.example");
    const { data: acme } = await juan.client.from("workspaces").select("id").eq("slug", "acme")
      .single();
    const { data: conversation } = await juan.client.from("conversations")
      .insert({ workspace_id: acme!.id, title: "With a file" }).select("id").single();
    const folder = `${acme!.id}/${juan.id}/${conversation!.id}`;
    const path = `${folder}/notes (1) + more.txt`;

    await test.step("its owner uploads it, lists it and gets it back", async () => {
      const { error } = await juan.files.upload(path, "what we said", {
        contentType: "text/plain",
      });
      assertEquals(error, null, String(error));
      const { data: listed } = await juan.files.list(folder);
      // The local stack says the whole name, the platform what is below the folder.
      assertDeepEquals(listed?.map((file) => file.name.split("/").at(-1)), [
        "notes (1) + more.txt",
      ]);
      const { data } = await juan.files.download(path);
      assertEquals(await data?.text(), "what we said");
      const said = await juan.client.rpc("add_message", {
        conversation_id: conversation!.id,
        parts: [{ type: "text", text: "See the file" }],
        attachments: [{ bucket: "attachments", path, media_type: "text/plain" }],
      });
      assertEquals(said.error, null);
    });

    await test.step("nobody uploads into the folder of another, or outside of any", async () => {
      for (const [who, where] of [[ben, path], [olga, path], [juan, "notes.txt"]] as const) {
        const { error } = await who.files.upload(`${where}.copy`, "x");
        assert(error, where);
      }
    });

    await test.step("colleagues read it once the conversation is shared, outsiders never", async () => {
      assert((await ben.files.download(path)).error);
      await juan.client.from("conversations").update({ visibility: "workspace" }).eq(
        "id",
        conversation!.id,
      );
      const { data } = await ben.files.download(path);
      assertEquals(await data?.text(), "what we said");
      assert((await olga.files.download(path)).error);
      const { data: listed } = await olga.files.list(folder);
      assertEquals(listed?.length, 0);
    });

    await test.step("its owner removes it, a reader does not", async () => {
      await ben.files.remove([path]);
      assertEquals((await juan.files.download(path)).error, null);
      assertEquals((await juan.files.remove([path])).error, null);
      assert((await juan.files.download(path)).error);
    });

    await test.step("a picture is public, and only its own put it there", async () => {
      const picture = `${acme!.id}/${juan.id}/me-${crypto.randomUUID()}.png`;
      const avatars = juan.client.storage.from("avatars");
      const png = new Uint8Array([137, 80, 78, 71]);
      assertEquals(
        (await avatars.upload(picture, png, { contentType: "image/png" })).error,
        null,
      );
      const shown = await fetch(avatars.getPublicUrl(picture).data.publicUrl);
      assertEquals(shown.status, 200);
      await shown.body?.cancel();
      const forged = await ben.client.storage.from("avatars").upload(`${picture}.png`, png, {
        contentType: "image/png",
      });
      assert(forged.error);
      await avatars.remove([picture]);
    });
  },
});
