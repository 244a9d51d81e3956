/** An article as Dev.to takes it: its markdown and its tags. */

const fence = /^---[ \t]*$/;
const mapping = /^(\s|#|[\w-]+[ \t]*:([ \t]|$))|^$/;

/**
 * Takes front matter off, and keeps the platform from seeing any.
 *
 * Where markdown begins with a block between two lines of `---`, Dev.to believes the block's title,
 * tags and `published` over what the request says. A block of `name: value` lines is front matter
 * and is dropped; any other leading `---` is a thematic break and is written `***`, which means the
 * same and is read as nothing else.
 */
export function stripFrontMatter(markdown: string): string {
  const lines = markdown.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n").split("\n");
  const first = lines.findIndex((line) => line.trim() !== "");
  if (first < 0 || !fence.test(lines[first] ?? "")) return lines.join("\n").trim();
  const last = lines.findIndex((line, place) => place > first && fence.test(line));
  const block = lines.slice(first + 1, last);
  if (last > first && block.every((line) => mapping.test(line))) {
    return stripFrontMatter(lines.slice(last + 1).join("\n"));
  }
  lines[first] = "***";
  return lines.join("\n").trim();
}

const mostTags = 4;
const longestTag = 30;

/**
 * Tags as Dev.to wants them: at most four, of lower-case letters and digits.
 *
 * `Node.js` becomes `nodejs` and `déjà vu` becomes `dejavu`; what leaves nothing is left out, as is
 * what comes twice.
 *
 * @see https://developers.forem.com/api/v1
 */
export function prepareTags(tags: readonly string[]): string[] {
  const prepared = tags.map((tag) =>
    tag.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]/g, "").slice(0, longestTag)
  );
  return [...new Set(prepared)].filter((tag) => tag !== "").slice(0, mostTags);
}

/** The mark by which an article is found again: a comment, which readers do not see. */
export function markOf(reference: string): string {
  return `<!-- groundwork ${reference} -->`;
}

/** The markdown that is published: without front matter, with the mark at its end. */
export function prepareMarkdown(article: string, reference: string): string {
  return `${stripFrontMatter(article)}\n\n${markOf(reference)}\n`;
}
