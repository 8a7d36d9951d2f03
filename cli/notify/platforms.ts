import type { Message } from "./message.ts";

/** Where a webhook leads. */
export const platforms = ["slack", "teams", "json"] as const;
export type Platform = (typeof platforms)[number];

const hosts: readonly (readonly [pattern: RegExp, platform: Platform])[] = [
  [/(^|\.)slack(-gov)?\.com$/, "slack"],
  [
    /(^|\.)(webhook\.office\.com|logic\.azure\.(com|us)|powerautomate\.com|powerplatform\.com|flow\.microsoft\.com)$/,
    "teams",
  ],
];

/** By the host of the URL; any other host gets plain JSON. */
export function platformOf(hostname: string): Platform {
  return hosts.find(([pattern]) => pattern.test(hostname))?.[1] ?? "json";
}

/** What is posted. */
export function toPayload(platform: Platform, message: Message): object {
  return { slack: toSlack, teams: toTeams, json: toJson }[platform](message);
}

/** Slack refuses more than 50 blocks, and a longer text in one. */
const slackSection = 2900;
const mostLines = 30;

function toSlack(message: Message): object {
  // Plain text is not formatted and mentions no user. The three characters that Slack
  // acts on are still escaped, since it decodes them everywhere.
  const plain = (text: string) => ({ type: "plain_text", text: slackEscaped(text), emoji: false });
  return {
    text: slackEscaped(message.title),
    mrkdwn: false,
    parse: "none",
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "header", text: plain(shortened(message.title, 120)) },
      ...sections(shownLines(message).map(slackEscaped)).map((text) => ({
        type: "section",
        text: { type: "plain_text", text, emoji: false },
      })),
    ],
  };
}

function slackEscaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The lines in as few texts as Slack takes. */
function sections(lines: readonly string[]): string[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + line.length + 1 <= slackSection)
      texts[texts.length - 1] = `${last}\n${line}`;
    else texts.push(shortened(line, slackSection));
  }
  return texts;
}

const teamsColours = { ok: "Good", unknown: "Warning", action: "Attention" } as const;

/** An adaptive card. A text run, other than a text block, knows no Markdown and no mentions. */
function toTeams(message: Message): object {
  const run = (text: string, more: object = {}) => ({
    type: "RichTextBlock",
    inlines: [{ type: "TextRun", text, ...more }],
  });
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          msteams: { width: "Full" },
          body: [
            run(message.title, { weight: "Bolder", color: teamsColours[message.status] }),
            ...shownLines(message).map((line) => run(line)),
          ],
        },
      },
    ],
  };
}

function toJson({ kind, stacks, status, title, lines }: Message): object {
  return { version: 1, kind, stacks, status, title, lines };
}

function shownLines({ lines }: Message): string[] {
  const more = lines.length - mostLines;
  return [...lines.slice(0, mostLines), ...(more > 0 ? [`and ${more} more: see the report`] : [])];
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
