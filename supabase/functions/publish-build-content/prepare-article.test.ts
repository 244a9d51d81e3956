import fc from "fast-check";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { markOf, prepareMarkdown, prepareTags, stripFrontMatter } from "./prepare-article.ts";

for (
  const [name, given, wanted] of [
    ["plain text is left as it is", "# Title\n\nText", "# Title\n\nText"],
    ["front matter is taken off", "---\ntitle: A\ntags: x, y\n---\n\nText", "Text"],
    [
      "with lists and comments in it",
      "---\ntags:\n  - a\n# c\n\npublished: false\n---\nText",
      "Text",
    ],
    [
      "after a byte order mark and Windows line ends",
      "\uFEFF---\r\ntitle: A\r\n---\r\nText\r\n",
      "Text",
    ],
    ["after empty lines", "\n\n---\ntitle: A\n---\nText", "Text"],
    ["empty front matter", "---\n---\nText", "Text"],
    ["two of them", "---\na: 1\n---\n---\ntitle: B\n---\nText", "Text"],
    [
      "a thematic break is kept as one",
      "---\nSome words.\n\n---\nText",
      "***\nSome words.\n\n---\nText",
    ],
    ["also alone", "---\nText", "***\nText"],
    ["a break further down is left alone", "Text\n\n---\n\nMore", "Text\n\n---\n\nMore"],
    ["a longer line is no fence", "-----\nText", "-----\nText"],
  ] as const
) {
  Deno.test(`markdown: ${name}`, () => assertEquals(stripFrontMatter(given), wanted));
}

for (
  const [name, given, wanted] of [
    ["lower case, letters and digits", ["Node.js", "web-dev", "C#"], ["nodejs", "webdev", "c"]],
    ["four at most", ["a", "b", "c", "d", "e"], ["a", "b", "c", "d"]],
    ["accents go", ["déjà vu"], ["dejavu"]],
    ["none twice, none empty", ["Go", "#go", "!", ""], ["go"]],
    ["four are counted after that", ["!", "?", "a", "A", "b", "c", "d"], ["a", "b", "c", "d"]],
  ] as const
) {
  Deno.test(`tags: ${name}`, () => assertDeepEquals(prepareTags(given), [...wanted]));
}

Deno.test("whatever is written, no front matter is left, the mark stands, tags fit", () => {
  const line = fc.constantFrom("---", "--- ", "title: A", "published: false", "Text", "", "# H");
  fc.assert(fc.property(
    fc.array(line, { maxLength: 12 }),
    fc.array(fc.string(), { maxLength: 8 }),
    (lines, tags) => {
      const prepared = prepareMarkdown(lines.join("\n"), "r");
      assert(!/^\s*---[ \t]*\n/.test(prepared), prepared);
      assert(prepared.endsWith(`${markOf("r")}\n`));
      const fit = prepareTags(tags);
      assert(fit.length <= 4 && fit.every((tag) => /^[a-z0-9]{1,30}$/.test(tag)), fit.join());
    },
  ));
});
