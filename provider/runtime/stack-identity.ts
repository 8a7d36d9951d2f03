import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { tryParseObject } from "./parse-json.ts";

/**
 * The identity of a stack, as its resources carry it in `__stack`:
 * `project/stack@backend`. Two backends may each have a stack of this name; without its
 * backend one of them would take the other's interrupted creates for its own. 0.1.0 wrote
 * `project/stack`, and so does a program whose backend cannot be known.
 *
 * @param folder where the program runs, in or below the project's folder
 */
export function stackIdentity(
  project: string,
  stack: string,
  folder = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const backend = backendUrl(folder, environment);
  return backend === undefined
    ? `${project}/${stack}`
    : `${project}/${stack}@${describeBackend(backend)}`;
}

/** `project/stack`, which is all that 0.1.0 wrote. */
export function withoutBackend(identity: string): string {
  return identity.split("@", 1)[0] as string;
}

/** An identity as `project/stack@backend`; 0.1.0 wrote no backend. */
export function stackParts(identity: string) {
  const [, project, name, backend] = /^([^@]*)\/([^/@]*)(?:@(.*))?$/s.exec(identity) ?? [];
  return { project, name, backend };
}

/** By Pulumi's own rule: the environment, then the project file, then the login. */
function backendUrl(folder: string, environment: NodeJS.ProcessEnv): string | undefined {
  return environment.PULUMI_BACKEND_URL || projectBackend(folder) || loginBackend(environment);
}

function projectBackend(folder: string): string | undefined {
  for (let current = folder; ; current = dirname(current)) {
    for (const name of ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"]) {
      const text = tryRead(join(current, name));
      if (text !== undefined)
        return /^["']?backend["']?\s*:\s*\{?\s*["']?url["']?\s*:\s*["']?([^"'\s},]+)/m.exec(
          text,
        )?.[1];
    }
    if (dirname(current) === current) return undefined;
  }
}

function loginBackend(environment: NodeJS.ProcessEnv): string | undefined {
  const folder =
    environment.PULUMI_CREDENTIALS_PATH || environment.PULUMI_HOME || join(homedir(), ".pulumi");
  const { current } = tryParseObject(tryRead(join(folder, "credentials.json")) ?? "") ?? {};
  return typeof current === "string" && current !== "" ? current : undefined;
}

/** How a backend of files writes: parameters that do not say where it is. */
const fileOptions: readonly string[] = ["metadata", "no_tmp_dir"];

/**
 * Never with credentials: the identity is in the state and in the journal. A query
 * tells two backends apart by its hash.
 */
function describeBackend(text: string): string {
  if (!URL.canParse(text)) return shortHash(text);
  const url = new URL(text);
  if (url.protocol === "file:")
    for (const name of fileOptions) if (url.searchParams.has(name)) url.searchParams.delete(name);
  const { protocol, host, pathname, search } = url;
  const query = search === "" ? "" : `#${shortHash(search)}`;
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}${query}`;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
