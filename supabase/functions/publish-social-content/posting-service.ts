/**
 * A posting service: one API in front of the social networks.
 *
 * To use another one, write another `Platform<Post>`: `publish` posts and says what it is called
 * there, `find` answers whether a post with this reference was taken up. This one has the shape of
 * Ayrshare's API (https://www.ayrshare.com/docs/apis/post/post, …/apis/history/get-history):
 * `POST /api/post` takes `{post, platforms, mediaUrls, idempotencyKey, notes}`, `GET /api/history`
 * lists what was sent, newest first, with the `notes` that were sent along. The reference is both
 * the idempotency key, by which the service refuses a second post, and the note that is looked for.
 */
import { z } from "zod";
import {
  createPlatformClient,
  type PlatformAccount,
  PlatformError,
} from "../_shared/outbound/platform-client.ts";
import {
  type Content,
  keepUrl,
  type Platform,
  platformPatience,
  type Publication,
} from "../_shared/publishing/publishing.ts";

/** What of a post's row the service needs. */
export interface Post extends Content {
  readonly caption: string;
  readonly hashtags: string[];
  /** Handed on, never fetched. */
  readonly videoUrl: string | null;
  readonly network: string;
}

const row = z.object({
  caption: z.string(),
  hashtags: z.array(z.string()),
  video_url: z.string().nullable(),
  platform: z.string(),
  reference: z.string(),
});

const sent = z.object({
  id: z.string().min(1).max(200),
  status: z.string(),
  postIds: z.array(z.object({ status: z.string().nullish(), postUrl: z.string().nullish() }))
    .nullish(),
  errors: z.array(z.object({ message: z.string().nullish() })).nullish(),
});
type Sent = z.output<typeof sent>;

const noted = sent.extend({ notes: z.string().nullish() });
/** The list came bare in earlier versions of the API. */
const history = z.union([
  z.array(noted),
  z.object({ history: z.array(noted) }).transform((answered) => answered.history),
]);

const mostListed = 1000;
const day = 24 * 60 * 60 * 1000;

/** The text of a post: its caption, and its hashtags in a line of their own. */
export function composePost(caption: string, hashtags: readonly string[]): string {
  const tags = hashtags.map((tag) => tag.replaceAll(/[^\p{L}\p{N}_]/gu, "")).filter((tag) => tag);
  const line = [...new Set(tags)].map((tag) => `#${tag}`).join(" ");
  return line ? `${caption.trim()}\n\n${line}` : caption.trim();
}

/** What a network did not take is told as a refusal, with its words. */
function toPublication(answered: Sent): Publication {
  if (answered.status === "error") {
    const said = answered.errors?.flatMap(({ message }) => message ?? []).join("; ");
    throw new PlatformError(
      "refused",
      `the network refused it${said && `: ${said.slice(0, 500)}`}`,
    );
  }
  const url = answered.postIds?.find(({ postUrl }) => postUrl)?.postUrl;
  return { url: keepUrl(url), externalId: answered.id };
}

/** Makes the service. */
export function createPostingService(
  account: PlatformAccount,
  patience: number = platformPatience,
): Platform<Post> {
  const client = createPlatformClient(
    account,
    { authorization: `Bearer ${account.key}` },
    patience,
  );
  /** Under this reference; after a refusal by the network, under the next. */
  const referenceOf = new WeakMap<Post, string>();

  return {
    read(work) {
      const { video_url, platform, ...rest } = row.parse(work);
      return { ...rest, videoUrl: video_url, network: platform };
    },

    async find(post, since) {
      const days = Math.ceil((Date.now() - since.getTime()) / day) + 1;
      const list = await client.ask(
        "GET",
        `/api/history?lastDays=${days}&limit=${mostListed}`,
        history,
      );
      const ours = list.filter(({ notes }) =>
        notes === post.reference || notes?.startsWith(`${post.reference}.`)
      );
      const taken = ours.find(({ status }) => status !== "error" && status !== "deleted");
      if (taken) return toPublication(taken);
      if (list.length >= mostListed) {
        throw new PlatformError("unclear", "the service lists too many posts to look through");
      }
      // A key that was refused at the network is used up.
      if (ours.length > 0) referenceOf.set(post, `${post.reference}.${ours.length + 1}`);
      return null;
    },

    async publish(post) {
      const reference = referenceOf.get(post) ?? post.reference;
      const answered = await client.ask("POST", "/api/post", sent, {
        post: composePost(post.caption, post.hashtags),
        platforms: [post.network],
        ...(post.videoUrl === null ? {} : { mediaUrls: [post.videoUrl] }),
        idempotencyKey: reference,
        notes: reference,
      });
      return toPublication(answered);
    },
  };
}
