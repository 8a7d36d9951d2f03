import { HttpClient } from "pulumi-ucaas/internal/http/client";
import { isLoopback } from "pulumi-ucaas/internal/http/pool";
import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import type { ErrorCode } from "pulumi-ucaas/internal/runtime/errors";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { readText, UnreadableTextError } from "pulumi-ucaas/internal/runtime/read-text";
import { rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";
import { z } from "zod";
import { askSecret } from "../ask-secret.ts";
import type { Message } from "./message.ts";
import { type Platform, platformOf, platforms, toPayload } from "./platforms.ts";

const config = {
  namespace: "ucaas",
  keys: {
    webhookUrl: { value: z.string().optional(), secret: true, about: "URL of the webhook" },
  },
};

const hint = "set UCAAS_WEBHOOK_URL, or UCAAS_WEBHOOK_URL_FILE to a file that holds the URL";

/** Who has the URL of a webhook can post: it is a secret. */
export async function readWebhook(file: string | undefined): Promise<URL> {
  const { webhookUrl } = readConfig(config, { get: () => undefined });
  const text =
    file === undefined
      ? (webhookUrl ?? (await askSecret("URL of the webhook", hint)))
      : contentOf(file);
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url) rememberUrl(url, text.trim());
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url && isSafe && !url.username && !url.password) return url;
  throw fault("WEBHOOK_INVALID", "the webhook is no https URL without user and password", hint);
}

/** On a command line, other users of the machine could read it. */
function contentOf(file: string): string {
  if (/^https?:/i.test(file)) {
    rememberSecret(file);
    throw fault(
      "WEBHOOK_SHOWN",
      "the URL of the webhook is a secret, and no argument",
      steps("Get another URL from the platform: the shell's history has this one.", hint),
    );
  }
  try {
    return readText(file);
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    throw fault("WEBHOOK_MISSING", `the file of --webhook ${error.message}`, hint);
  }
}

function rememberUrl(url: URL, text: string): void {
  for (const part of [text, url.href, url.pathname, url.search, url.search.slice(1)])
    if (part.length >= 8) rememberSecret(part);
  for (const value of url.searchParams.values()) if (value.length >= 12) rememberSecret(value);
}

/**
 * Posts one message. A call whose reply was lost is not repeated, so that no message
 * comes twice.
 *
 * @throws {UcaasError} `WEBHOOK_REFUSED`, and those of the network
 */
export async function post(url: URL, message: Message, chosen?: Platform): Promise<Platform> {
  const platform = chosen ?? platformOf(url.hostname);
  const http = new HttpClient({
    vendor: "webhook",
    baseUrl: `${url.origin}${url.pathname}`,
    limits: { concurrency: 1 },
    retry: { deadline: 60_000 },
    tryTimeout: 20_000,
  });
  const reply = await http.send({
    operation: "notify",
    method: "POST",
    // The base URL has lost it.
    path: url.pathname !== "/" && url.pathname.endsWith("/") ? "/" : "",
    query: Object.fromEntries(url.searchParams),
    retry: "if-unsent",
    buildRequest: () => ({
      headers: { "content-type": "application/json" },
      body: JSON.stringify(toPayload(platform, message)),
    }),
  });
  if (reply.status >= 200 && reply.status < 300) return platform;
  throw new UcaasError(`${url.host} did not take the message`, {
    code: "WEBHOOK_REFUSED",
    operation: "notify",
    status: reply.status,
    hint: [404, 410, 403, 401].includes(reply.status)
      ? "the webhook was removed or its URL is wrong: get another URL from the platform"
      : steps(
          "See whether the service is up.",
          `If it wants another form: --format ${platforms.filter((each) => each !== platform).join(" or ")}`,
        ),
  });
}

function fault(code: ErrorCode, reason: string, advice: string): UcaasError {
  return new UcaasError(reason, { code, operation: "notify", hint: advice });
}
