/** The routes of buckets. */
import { bucketFields } from "./buckets.ts";
import { type AddRoutes, readJson } from "./context.ts";
import { notServed } from "./errors.ts";

export const addBucketRoutes: AddRoutes = (app, { buckets, callerOf }) => {
  app.get(
    "/bucket",
    async ({ req, json }) =>
      json(await buckets.list(await callerOf(req.raw), new URL(req.url).searchParams)),
  );
  app.post("/bucket", async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const fields = bucketFields.parse(await readJson(req.raw));
    if (fields.type === "ANALYTICS") throw notServed("analytics buckets");
    return json(await buckets.create(caller, fields));
  });
  app.get(
    "/bucket/:id",
    async ({ req, json }) => json(await buckets.find(await callerOf(req.raw), req.param("id"))),
  );
  app.put(
    "/bucket/:id",
    async ({ req, json }) =>
      json(
        await buckets.update(
          await callerOf(req.raw),
          req.param("id"),
          bucketFields.parse(await readJson(req.raw)),
        ),
      ),
  );
  app.post(
    "/bucket/:id/empty",
    async ({ req, json }) => json(await buckets.empty(await callerOf(req.raw), req.param("id"))),
  );
  app.delete(
    "/bucket/:id",
    async ({ req, json }) => json(await buckets.remove(await callerOf(req.raw), req.param("id"))),
  );
};
