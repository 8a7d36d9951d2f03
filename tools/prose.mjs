// Checks the words of pages, comments and messages: `node tools/prose.mjs [path…]`. It is
// part of `npm run check`. It knows a list of words, the length of a sentence, of an
// error's reason and of a test's name, and the form of what to do. What reads well is for
// people to judge.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import MarkdownIt from "markdown-it";
import ts from "typescript";
import { root } from "./engine/paths.mjs";
import { hintsInOneLine } from "./hints.mjs";
import { longReasons } from "./reasons.mjs";
import { longTestNames } from "./test-names.mjs";

/** A sentence of a page or a comment has at most so many words. Write about 20. */
const maxWords = 30;

/**
 * What plain technical English does not say, and what it says instead.
 * @type {readonly (readonly [RegExp, string])[]}
 */
const words = [
  [/\bwho(m|so)?ever\b/i, "name the subject: you, the provider, the caller"],
  [/\banew\b/i, "again"],
  [/\bstands? in for\b/i, "replaces, is used instead of"],
  [/\b(stands?|stood) (in|there|beside|below|above)\b/i, "is in, is there"],
  [/\b(is|are|was|were) told\b/i, "the error says, the provider receives"],
  [/\b(can|could|cannot) be told\b/i, "can be determined, is known"],
  [/\bin (the|its|their) place of\b/i, "instead of"],
  [/\bthe thing\b/i, "name it: the resource, the customer, the order"],
  [/\b(came|comes|come) to nothing\b/i, "failed"],
  [/\b(some|no)body('s)?\b/i, "name the subject: a person, another process, no resource"],
  [/\bis to be had\b|\bto be had\b|\bcannot be had\b/i, "is available, cannot be loaded"],
  [/\bmends? (it|what|them|the|a)\b|\bmended\b/i, "fix, fixes, fixed"],
  [/\bway in\b/i, "credentials, login"],
  [/\bunheard\b/i, "say what is not known"],
  [/\bnone the less\b|\ball the same\b/i, "leave it out, or: still"],
];

const fromText = new MarkdownIt();

/**
 * The prose of a page, by line: headings, paragraphs, list items and table cells, without code.
 * @param {string} text
 * @returns {{ line: number, text: string, isSentence: boolean }[]}
 */
function proseOfPage(text) {
  const found = [];
  let inTable = false;
  let line = 1; // a table's cells have no line of their own
  for (const token of fromText.parse(text, {})) {
    if (token.map) line = token.map[0] + 1;
    if (token.type === "table_open" || token.type === "table_close") inTable = token.nesting > 0;
    if (token.type !== "inline") continue;
    const plain = (token.children ?? [])
      .map(({ type, content }) =>
        type === "text"
          ? content
          : type === "code_inline"
            ? "code"
            : type === "softbreak"
              ? " "
              : "",
      )
      .join("");
    found.push({ line, text: plain, isSentence: !inTable });
  }
  return found;
}

/**
 * The prose of a program, by line: its comments, and strings of several words.
 * @param {ts.SourceFile} source
 * @returns {{ line: number, text: string, isSentence: boolean }[]}
 */
function proseOfProgram(source) {
  const { text } = source;
  const line = (/** @type {number} */ position) => lineOf(source, position);
  /** @type {{ line: number, text: string, isSentence: boolean }[]} */
  const found = [];
  /** @type {Map<number, number>} */
  const comments = new Map();
  const visit = (/** @type {ts.Node} */ node) => {
    const ranges = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ];
    for (const { pos, end } of ranges) comments.set(pos, end);
    if (
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node)
    ) {
      if (/\s/.test(node.text.trim()))
        found.push({ line: line(node.getStart()), text: node.text, isSentence: false });
    }
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  // Line comments that follow each other are one paragraph.
  /** @type {{ line: number, text: string, isSentence: boolean, end: number } | undefined} */
  let open;
  for (const [pos, end] of [...comments].sort(([a], [b]) => a - b)) {
    const comment = text.slice(pos, end);
    if (comment.startsWith("//")) {
      const continues =
        open && text.slice(open.end, pos).trim() === "" && line(open.end) + 1 === line(pos);
      if (open && continues)
        Object.assign(open, { end, text: `${open.text} ${comment.slice(2).trim()}` });
      else open = { line: line(pos), text: comment.slice(2).trim(), end, isSentence: true };
      if (!continues) found.push(open);
      continue;
    }
    open = undefined;
    const body = comment.replace(/^\/\*+|\*+\/$/g, "").replace(/^[ \t]*\*[ ]?/gm, "");
    const prose = withoutCode(body);
    const first = line(pos);
    let offset = 0;
    for (const part of prose.split(/(\n[ \t]*\n|\n(?=[ \t]*(?:[-*@|]|\d+\.) ?))/)) {
      if (part.trim())
        found.push({
          line: first + prose.slice(0, offset).split("\n").length - 1,
          text: part,
          isSentence: !part.startsWith("|"),
        });
      offset += part.length;
    }
  }
  for (const part of found) if (part.isSentence) part.text = withoutCode(part.text);
  return found;
}

/**
 * Keeps the lines, so that each part is found in the file.
 * @param {string} text
 */
function withoutCode(text) {
  return text
    .replace(/```[\s\S]*?```/g, (code) => code.replace(/[^\n]/g, ""))
    .replace(/`[^`\n]*`/g, "code");
}

/**
 * @param {string} file  relative to the root
 * @param {string} text
 * @returns {string[]}  one line a finding: `file:line what is wrong`
 */
export function proseFindings(file, text) {
  if (file.endsWith(".md")) return findingsIn(file, proseOfPage(text));
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const isProduct = /^(provider|stacks|cli|receiver|policy)\//.test(file);
  const reasons = isProduct ? longReasons(source) : [];
  const hints = isProduct ? hintsInOneLine(source) : [];
  const names = file.endsWith(".test.ts") ? longTestNames(source) : [];
  return [
    ...findingsIn(file, proseOfProgram(source)),
    ...reasons.map(
      ({ position, count, text: reason }) =>
        `${file}:${lineOf(source, position)} an error's reason of ${count} words: "${reason}"`,
    ),
    ...hints.map(
      ({ position, problem, text: hint }) =>
        `${file}:${lineOf(source, position)} ${problem}: "${hint}"`,
    ),
    ...names.map(
      ({ position, length, text: name }) =>
        `${file}:${lineOf(source, position)} a test's name of ${length} characters: "${name}"`,
    ),
  ];
}

/**
 * @param {ts.SourceFile} source
 * @param {number} position
 */
function lineOf(source, position) {
  return source.getLineAndCharacterOfPosition(position).line + 1;
}

/**
 * @param {string} file
 * @param {{ line: number, text: string, isSentence: boolean }[]} prose
 * @returns {string[]}
 */
function findingsIn(file, prose) {
  return prose.flatMap((part) => {
    const plain = part.text.replace(/\s+/g, " ").trim();
    const found = words.flatMap(([pattern, better]) => {
      const match = pattern.exec(plain);
      return match ? [`${file}:${part.line} "${match[0]}": ${better}`] : [];
    });
    if (!part.isSentence) return found;
    // A list of names counts as one word.
    const counted = plain.replace(/\bcode(, (and )?code)+\b/g, "code");
    for (const sentence of counted.split(/(?<=[.!?:;])\s+/)) {
      const count = sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
      if (count > maxWords)
        found.push(
          `${file}:${part.line} a sentence of ${count} words: "${sentence.slice(0, 60)}…"`,
        );
    }
    return found;
  });
}

if (import.meta.main) {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*.md", "*.ts", "*.mjs", "*.cjs"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  const wanted = process.argv.slice(2);
  const files = listed
    .split("\n")
    .filter((file) => file && !/^(docs\/reference|test\/fixtures)\/|prose.test.ts$/.test(file))
    .filter((file) => wanted.length === 0 || wanted.some((start) => file.startsWith(start)));
  const findings = files.flatMap((file) =>
    proseFindings(file, readFileSync(join(root, file), "utf8")),
  );
  if (findings.length > 0) console.log(findings.join("\n"));
  console.log(`${findings.length} findings in ${files.length} files`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
