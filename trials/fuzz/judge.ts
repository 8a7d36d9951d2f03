/** What must be true of each call, whatever a server answers and whatever a program declares. */
import type { CallEnd, Life } from "./life.ts";
import { deadlineSeconds, type Scenario } from "./scenarios.ts";

/** No text of the provider is longer, in characters. */
const longestText = 8_200;
/** Nor is an id that a vendor gave. */
const longestId = 256;
/** Nor are outputs, as JSON, beside what the program gave. */
const longestOutputs = 100_000;
/**
 * A call may make several requests and repeat them, and the machine may be busy: so many
 * deadlines of its scenario it may take.
 */
const mostDeadlines = 20;

const active =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;
const inherited = /function Object\(\)|\[native code\]|\[object \w+\]/;

/**
 * What is wrong with a life; empty when nothing is. `inputs` is what the program declared,
 * whose texts are its own.
 */
export function faultsOf(
  { calls, printed }: Life,
  { secrets, changes }: Pick<Scenario, "secrets" | "changes">,
  inputs: unknown,
): string[] {
  const given = [inputs, changes];
  return [
    ...calls.flatMap((call) =>
      [...faultsOfTime(call), ...faultsOfCall(call, secrets, given)].map(
        (fault) => `${call.method}: ${fault}`,
      ),
    ),
    ...printed.flatMap((line) => faultsOfText(line, secrets).map((fault) => `printed: ${fault}`)),
  ];
}

function faultsOfTime({ milliseconds }: CallEnd): string[] {
  const most = mostDeadlines * deadlineSeconds * 1000;
  return milliseconds > most ? [`took ${Math.round(milliseconds)} ms`] : [];
}

function faultsOfCall(
  { method, result, error }: CallEnd,
  secrets: readonly string[],
  given: unknown,
): string[] {
  const faults: string[] = [];
  if (error) {
    if (!/\[[A-Z][A-Z0-9_]+[\],]/.test(error.message))
      faults.push(`no clear error: ${error.message.slice(0, 200)}`);
    faults.push(...faultsOfText(error.message, secrets));
  }
  if (method === "check") {
    for (const { reason } of (result as { failures?: { reason: string }[] } | undefined)
      ?.failures ?? [])
      faults.push(...faultsOfText(reason, secrets));
    return faults;
  }
  const { id, outs, props } = (result ?? {}) as { id?: unknown; outs?: unknown; props?: unknown };
  faults.push(...faultsOfId(id ?? error?.id, secrets, given).map((fault) => `id: ${fault}`));
  const kept = outs ?? props ?? error?.properties;
  if (kept !== undefined) faults.push(...faultsOfOutputs(kept, secrets, given));
  return faults;
}

/** The engine prints it, and each later request is made with it: it can be no other text. */
function faultsOfId(id: unknown, secrets: readonly string[], given: unknown): string[] {
  if (id === undefined) return [];
  if (typeof id !== "string" || id.trim() === "") return [JSON.stringify(id)];
  // It may be made from what the program gave.
  const isLong = id.length > longestId + JSON.stringify(given).length;
  return [
    ...(isLong ? [`${id.length} characters`] : []),
    ...faultsOfText(id.slice(0, longestText), secrets),
  ];
}

export function faultsOfText(text: string, secrets: readonly string[]): string[] {
  const faults: string[] = [];
  if (text.length > longestText) faults.push(`a text of ${text.length} characters`);
  const character = active.exec(text)?.[0];
  if (character !== undefined)
    faults.push(
      `U+${character.charCodeAt(0).toString(16).padStart(4, "0")} in ${JSON.stringify(text.slice(0, 200))}`,
    );
  if (text.includes("<{%")) faults.push(`colour markup in ${JSON.stringify(text.slice(0, 200))}`);
  if (inherited.test(text))
    faults.push(`an inherited property in ${JSON.stringify(text.slice(0, 300))}`);
  for (const secret of secrets)
    if (text.includes(secret)) faults.push(`a secret in ${JSON.stringify(text.slice(0, 200))}`);
  return faults;
}

function faultsOfOutputs(outputs: unknown, secrets: readonly string[], given: unknown): string[] {
  const own = new Set(textsIn(given));
  const faults: string[] = [];
  for (const [path, text] of textsAndPathsIn(outputs)) {
    if (own.has(text) || path[0]?.startsWith("__") || secretOutputs.has(path[0] ?? "")) continue;
    faults.push(
      ...faultsOfText(text, secrets).map(
        (fault) => `output ${path.join(".").slice(0, 100)}: ${fault}`,
      ),
    );
  }
  const lengthOf = (value: unknown) =>
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "string" && own.has(inner) ? "" : inner,
    ).length;
  const length = lengthOf(outputs) - lengthOf(given);
  if (length > longestOutputs) faults.push(`outputs of ${length} characters`);
  return faults;
}

/** Outputs that the resource classes mark as secret: the engine encrypts them. */
const secretOutputs = new Set([
  "sipCredentials",
  "clientSecret",
  "apiPassword",
  "portal",
  "bundle",
  "tenantToken",
  "tenantLogin",
]);

function textsIn(value: unknown): string[] {
  return [...textsAndPathsIn(value)].map(([, text]) => text);
}

function* textsAndPathsIn(value: unknown): Generator<[string[], string]> {
  const open: [string[], unknown][] = [[[], value]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [path, item] = next;
    if (typeof item === "string") yield [path, item];
    if (typeof item !== "object" || item === null) continue;
    for (const [key, inner] of Object.entries(item)) {
      yield [path, key];
      open.push([[...path, key], inner]);
    }
  }
}
