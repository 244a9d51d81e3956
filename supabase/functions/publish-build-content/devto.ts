/**
 * Dev.to, or any other Forem.
 *
 * The shapes are those of https://developers.forem.com/api/v1 and of the platform's source
 * (github.com/forem/forem, Api::ArticlesController): `POST /api/articles` takes `{article: {title,
 * body_markdown, published, tags, canonical_url}}` and answers 201 with the article;
 * `GET /api/articles/me/all` lists one's own, drafts first, then the newest, bodies included. The
 * platform itself refuses (422) a second article with the same title and body, and a canonical URL
 * that is taken: that is the wall behind our asking.
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
import { markOf, prepareMarkdown, prepareTags } from "./prepare-article.ts";

/** What of an article's row the platform needs. */
export interface Article extends Content {
  readonly title: string;
  readonly article: string;
  readonly tags: string[];
  readonly canonicalUrl: string | null;
}

const row = z.object({
  title: z.string(),
  article: z.string(),
  tags: z.array(z.string()),
  canonical_url: z.string().nullable(),
  reference: z.string(),
});

const published = z.object({ id: z.int(), url: z.string().optional() });
const listed = z.array(z.object({
  id: z.int(),
  title: z.string().nullish(),
  url: z.string().nullish(),
  canonical_url: z.string().nullish(),
  body_markdown: z.string().nullish(),
  published: z.boolean().nullish(),
  published_at: z.string().nullish(),
}));

const perPage = 100;
const mostPages = 50;
/** How far the platform's clock may be from ours, and more. */
const slack = 24 * 60 * 60 * 1000;

function toPublication({ id, url }: { id: number; url?: string | null | undefined }): Publication {
  return { url: keepUrl(url), externalId: String(id) };
}

/** Makes the platform. */
export function createDevto(
  account: PlatformAccount,
  patience: number = platformPatience,
): Platform<Article> {
  const client = createPlatformClient(account, {
    "api-key": account.key,
    accept: "application/vnd.forem.api-v1+json",
  }, patience);

  return {
    read(work) {
      const { canonical_url, ...rest } = row.parse(work);
      return { ...rest, canonicalUrl: canonical_url };
    },

    async find({ reference, title, canonicalUrl }, since) {
      const mark = markOf(reference);
      const oldest = since.getTime() - slack;
      for (let page = 1; page <= mostPages; page++) {
        const articles = await client.ask(
          "GET",
          `/api/articles/me/all?page=${page}&per_page=${perPage}`,
          listed,
        );
        const ours = articles.find((one) =>
          // A draft is nobody's publication, whatever its title.
          one.published !== false && (
            one.body_markdown?.includes(mark) ||
            // Whoever edited it on the platform may have removed the mark.
            (canonicalUrl !== null && one.canonical_url === canonicalUrl && one.title === title)
          )
        );
        if (ours) return toPublication(ours);
        const last = articles.at(-1);
        const isPast = last?.published_at && Date.parse(last.published_at) < oldest;
        if (articles.length === 0 || isPast) return null;
      }
      throw new PlatformError("unclear", "the platform lists too many articles to look through");
    },

    async publish({ title, article, tags, canonicalUrl, reference }) {
      const answered = await client.ask("POST", "/api/articles", published, {
        article: {
          title,
          body_markdown: prepareMarkdown(article, reference),
          published: true,
          tags: prepareTags(tags),
          ...(canonicalUrl === null ? {} : { canonical_url: canonicalUrl }),
        },
      });
      return toPublication(answered);
    },
  };
}
