import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { node, root } from "../../tools/engine/paths.mjs";

export const relayKey = "The-key-of-these-tests-0123456789-abcdef";

/** The command as a user types it, and its file alone, which starts sooner. */
export const ucaas = [node, join(root, "cli", "start.mjs"), "receiver", "start"];
export const alone = [node, join(root, "receiver", "start.ts")];

/** A folder for a receiver's files, gone when the test is over. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), "ucaas-receiver-"));
  writeFileSync(join(path, "relay-key"), `${relayKey}\n`, { mode: 0o600 });
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** `ucaas receiver start` as an operator starts it, in a process of its own. */
export class ReceiverProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** Standard output and standard error, as far as it has come. */
  output = "";
  url = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, "close");
    // An aborted test leaves no process running.
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    void this.#ended.then(() => process.off("exit", end));
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
  }

  /**
   * Starts it in a folder; when that does not come to listening, `url` is empty and the
   * process has ended.
   */
  static async start(
    cwd: string,
    args: string[] = [],
    env: Record<string, string> = {},
    command = alone,
  ): Promise<ReceiverProcess> {
    const [program = node, ...rest] = command;
    const child = spawn(program, [...rest, ...args], {
      cwd,
      env: {
        PATH: process.env.PATH,
        XELION_RELAY_KEY_FILE: "relay-key",
        XELION_RECEIVER_LISTEN: "127.0.0.1:0",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const receiver = new ReceiverProcess(child);
    let over = false;
    void receiver.#ended.then(() => (over = true));
    while (!over && receiver.url === "") {
      receiver.url = /is listening at ([^\s"]+)/.exec(receiver.output)?.[1] ?? "";
      await pause(10);
    }
    return receiver;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }

  /** The process dies without a word. */
  kill(): Promise<void> {
    return this.signal("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }
}

export interface Intent {
  id: string;
  key: string;
  registeredAt: string;
  callbackUrl: string;
  acknowledged: number;
  note: unknown;
}

export interface Message {
  sequence: number;
  receivedAt: string;
  body: { mid?: number; data?: { id: number; status: string } };
}

/** A request of a holder of the key. */
export function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  key = relayKey,
): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

export const newId = () => randomBytes(16).toString("hex");
export const newKey = () => randomBytes(32).toString("hex");

/** Registers an intent of a key of its own, and throws unless that is done. */
export async function register(
  url: string,
  { id = newId(), key = newKey(), replaces = null as string | null, note = {} } = {},
): Promise<Intent> {
  const reply = await ask(url, "PUT", `/intents/${id}`, { key, replaces, note });
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
  return ((await reply.json()) as { intent: Intent }).intent;
}

/** What Xelion does. */
export function call(
  callbackUrl: string,
  body: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
): Promise<Response> {
  return fetch(callbackUrl, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export function statusChanged(mid: number, status = "IN_PROGRESS", id = 42) {
  return { mid, type: "orderStatusChanged", data: { id, status } };
}

export async function messages(url: string, id: string, after = 0, wait = 0): Promise<Message[]> {
  const reply = await ask(url, "GET", `/intents/${id}/messages?after=${after}&wait=${wait}`);
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
  return ((await reply.json()) as { messages: Message[] }).messages;
}
