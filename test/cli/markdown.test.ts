import fc from "fast-check";
import MarkdownIt from "markdown-it";
import { rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";
import { expect, test } from "vitest";
import { block, cell, code, htmlCode, row } from "../../cli/markdown.ts";

const markdown = new MarkdownIt({ html: true, linkify: true });

/** Text that means something in Markdown, HTML or on a platform. */
const hostile = fc
  .array(
    fc.constantFrom(
      "`",
      "``",
      "|",
      "\\",
      "\\|",
      "<b>",
      "<!--",
      "-->",
      "@ada",
      "#7",
      "http://x.example",
      "[a](b)",
      "*",
      "\n",
      "\t",
      "a",
      " ",
      "&lt;",
      "\u001b[2J",
      "\u202e",
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(""));

/** The tags of a rendered text, and the text outside of code. */
function outsideOfCode(html: string): { tags: string[]; text: string } {
  const rest = html.replace(/<code[^>]*>[^<]*<\/code>/g, "CODE");
  return { tags: [...rest.matchAll(/<\/?(\w+)/g)].map(([, tag]) => tag!), text: rest };
}

test("no text of others in a table's cell is a link, a mention, a tag, or one more cell", () => {
  fc.assert(
    fc.property(hostile, hostile, (one, other) => {
      const html = markdown.render(
        [row(["a", "b"]), row(["---", "---"]), row([cell(one), cell(other)])].join("\n"),
      );
      const { tags, text } = outsideOfCode(html);
      expect(new Set(tags)).toEqual(new Set(["table", "thead", "tr", "th", "tbody", "td"]));
      expect(html.match(/<td>/g)).toHaveLength(2);
      expect(text).not.toMatch(/[@#&`]|x\.example/);
    }),
    { numRuns: 2000 },
  );
});

test("no text of others in a line, a block or a summary is more than text", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      for (const rendered of [`- ${code(text)}`, block(text), `x ${htmlCode(text)}`].map((each) =>
        markdown.render(each),
      )) {
        const outside = outsideOfCode(rendered);
        expect(outside.tags.filter((tag) => !["ul", "li", "pre", "p"].includes(tag))).toEqual([]);
        expect(outside.text).not.toMatch(/[@#&`]|x\.example/);
        for (const hidden of ["\u001b", "\u202e"]) expect(rendered).not.toContain(hidden);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a secret is masked before it is written in another form", () => {
  rememberSecret("canary-1_a  b\tc|d");
  for (const render of [code, cell, htmlCode, block])
    expect(render("a | canary-1_a  b\tc|d")).not.toContain("canary");
});
