import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What the webhook of a chat was sent. */
export interface Received {
  readonly platform: "Slack" | "Teams" | "JSON";
  /** As a reader of the chat sees it. */
  readonly text: string;
}

/** A webhook on this machine. Its path is a secret, as that of a real one is. */
export async function startWebhook(show: (message: Received) => void) {
  const path = `/${randomBytes(16).toString("hex")}`;
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    if (request.url !== path) return void response.writeHead(404).end();
    let body = "";
    for await (const chunk of request) body += chunk;
    const message = readMessage(JSON.parse(body));
    received.push(message);
    show(message);
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    path,
    received: received as readonly Received[],
    stop: () => void server.close(),
  };
}
export type Webhook = Awaited<ReturnType<typeof startWebhook>>;

interface Slack {
  blocks: { text: { text: string } }[];
}
interface Teams {
  attachments: { content: { body: { inlines: { text: string }[] }[] } }[];
}
interface Json {
  title: string;
  lines: string[];
}

function readMessage(payload: Slack | Teams | Json): Received {
  if ("blocks" in payload) {
    const texts = payload.blocks.map(({ text }) => text.text);
    return { platform: "Slack", text: decoded(texts.join("\n")) };
  }
  if ("attachments" in payload) {
    const runs = payload.attachments.flatMap(({ content }) => content.body);
    return { platform: "Teams", text: runs.map(({ inlines }) => inlines[0]?.text).join("\n") };
  }
  return { platform: "JSON", text: [payload.title, ...payload.lines].join("\n") };
}

/** Slack decodes three characters everywhere. */
function decoded(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
