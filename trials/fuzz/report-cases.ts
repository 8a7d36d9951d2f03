/**
 * Texts of others in what the command writes: terminal, Markdown, chats, stack files and
 * file names. Each stays text.
 */
import { isDeepStrictEqual } from "node:util";
import MarkdownIt from "markdown-it";
import { newFile } from "../../cli/adopt/customer-files.ts";
import { slugOf } from "../../cli/adopt/slug.ts";
import { changeReportSchema } from "../../cli/changes/report.ts";
import { asMarkdown, asTable } from "../../cli/drift/render.ts";
import {
  type DriftReport,
  driftReport,
  nothingChecked,
  type StackDrift,
} from "../../cli/drift/report.ts";
import { driftIssue } from "../../cli/gitops/drift-issue.ts";
import { type PreviewReport, previewComment } from "../../cli/gitops/preview-report.ts";
import { messageOf } from "../../cli/notify/message.ts";
import { platforms, toPayload } from "../../cli/notify/platforms.ts";
import { renderTable } from "../../cli/table.ts";
import { readYaml } from "../../stacks/yaml-tree.ts";
import type { Case } from "./cases.ts";
import { faultsOfText } from "./judge.ts";
import { hostileTexts } from "./values.ts";

/** Beside those of every field: what only Markdown, YAML and names act on. */
const further = [
  "a\rb: c",
  "\u0085next",
  "\u2028line",
  "# no comment",
  "- item",
  "&a *a !!str",
  "yes",
  "012",
  "2026-11-28",
  "a: b",
  "'\"",
  "~",
  "```\n</details><img src=x>",
  "`` ` | ` ``",
  "&lt;b&gt; &#64;everyone",
  "CON",
  ".hidden",
  "x".repeat(1_500),
  "<!everyone> <@U1> <https://elsewhere.example|x>",
];

export function reportCases(): Case[] {
  return [...hostileTexts, ...further].flatMap((text) =>
    Object.entries(writers).map(([name, faults]) => ({
      name: `report: ${name} with ${JSON.stringify(text.slice(0, 60))}`,
      run: async () => faults(text),
    })),
  );
}

const writers: Readonly<Record<string, (text: string) => string[]>> = {
  "a table": (text) => faultsOfLines(renderTable(["a", "b"], [[text, "b"]])),
  "a drift table": (text) => faultsOfLines(asTable(drift(text))),
  "a drift report": (text) => faultsOfMarkdown(asMarkdown(drift(text))),
  "a drift issue": (text) => {
    const issue = driftIssue(drift(text), { length: 60_000 });
    return [...faultsOfLines(issue.title), ...faultsOfMarkdown(issue.text)];
  },
  "a comment": (text) =>
    [preview(text), preview(text, false)].flatMap((report) =>
      faultsOfMarkdown(previewComment(new Map([[text || "s", report]]), { length: 60_000 })),
    ),
  "a chat": (text) =>
    [drift(text), preview(text), preview(text, false)].flatMap((report) =>
      platforms.flatMap((platform) =>
        textsOf(toPayload(platform, messageOf(report, "report.json"))).flatMap((each) => [
          ...faultsOfText(each, []),
          ...(platform === "slack" && /[<>]/.test(each) ? [`Slack acts on ${each}`] : []),
        ]),
      ),
    ),
  "a customer's file": (text) => {
    const section = { tenantName: text, [text]: text, list: [text, { deep: text }] };
    const file = newFile(process.cwd(), text, { vendor: "xelion", section, comment: text });
    const { root, faults } = readYaml(file);
    const wanted = { name: text, xelion: section };
    // A text that no stack file may hold is refused by the program, with its place.
    const isForbidden = faults.some(({ reason }) => /U\+|__proto__/.test(reason));
    if (isForbidden || isDeepStrictEqual(root?.value, wanted)) return [];
    return [`another file is read: ${JSON.stringify(root?.value)} ${faults[0]?.reason ?? ""}`];
  },
  "a slug": (text) => {
    const slug = slugOf([text], () => false);
    return /^[a-z0-9][a-z0-9-]{0,62}$/.test(slug) ? [] : [`the slug ${slug}`];
  },
};

function drift(text: string): DriftReport {
  const about = { customer: text, resource: text, name: text };
  const at = { vendor: "enablex", server: text, stacks: [text] };
  const stack: StackDrift = {
    stack: text,
    status: "drift",
    ...nothingChecked,
    checked: 2,
    compared: 2,
    differences: [
      { ...about, urn: text, kind: "changed", property: text, declared: text, actual: [text] },
      { ...about, urn: text, kind: "gone" },
    ],
    unknown: [{ ...about, reason: text }],
  };
  return driftReport([stack], new Date(), [
    { ...at, status: "unknown", reason: text },
    {
      ...{ ...at, status: "counted", existing: 1, declared: 0, undeclared: 1 },
      named: [{ id: text, name: text }],
    },
  ]);
}

function preview(text: string, withSummary = true): PreviewReport {
  return {
    version: 1,
    stack: text,
    status: "ok",
    text: `${text}\nResources:\n    + 1 to create\n`,
    ...(withSummary && { summary: changeReportSchema.parse(changes(text)) }),
  };
}

function changes(text: string): object {
  const update = { urn: text, action: "update", customer: text, resource: text, name: text };
  const quantity = { sku: text, before: 1, after: null, difference: null, notes: [text] };
  return {
    changes: [
      {
        ...update,
        quantities: [quantity],
        properties: [{ property: text, before: text, after: { [text]: text } }],
        notes: [text],
      },
    ],
    counts: { update: 1 },
    limited: true,
    violations: [{ limit: text, kind: "exceeded", reason: text, customers: [text], remedy: text }],
    warnings: [text],
    errors: [text],
  };
}

const markdown = new MarkdownIt({ html: true, linkify: true });
/** What our own Markdown has. */
const ownTags = new Set(
  "p strong table thead tbody tr th td ul li pre code details summary h3 br a".split(" "),
);

/** A text of many lines may be long; each line counts. */
function faultsOfLines(text: string): string[] {
  return text.split("\n").flatMap((line) => faultsOfText(line, []));
}

function faultsOfMarkdown(text: string): string[] {
  const html = markdown.render(text);
  const outside = html
    .replace(/<code[^>]*>[^<]*<\/code>/g, "CODE")
    .replace(/<!-- ucaas: \w+ -->/, "");
  const tags = [...outside.matchAll(/<\/?([a-z!][\w-]*)/gi)].map(([, tag = ""]) => tag);
  return [
    ...faultsOfLines(text),
    ...tags.filter((tag) => !ownTags.has(tag)).map((tag) => `the tag ${tag}`),
    ...(/elsewhere\.example|@everyone|127\.0\.0\.1/.test(outside) ? ["a link or a mention"] : []),
  ];
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
