import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { tryParseObject } from "./parse-json.ts";

/**
 * The identity of a stack, as its resources carry it in `__stack`:
 * `project/stack@backend`. Two backends may each have a stack of this name, and so may two
 * organizations of Pulumi Cloud (`project/stack@https://api.pulumi.com/organization`).
 * Without it, one would take the other's interrupted creates for its own. 0.1.0 wrote
 * `project/stack`, and so does a program whose backend cannot be known.
 *
 * @param organization the backend's, where it has some
 * @param folder where the program runs, in or below the project's folder
 */
export function stackIdentity(
  project: string,
  stack: string,
  organization: string | undefined,
  folder = process.cwd(),
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const backend = backendUrl(folder, environment);
  return backend === undefined
    ? `${project}/${stack}`
    : `${project}/${stack}@${describeBackend(backend, organization)}`;
}

/** A backend's organization, where it has some: each backend of files calls it "organization". */
export function knownOrganization(name: string | undefined): string | undefined {
  return name === "organization" ? undefined : name;
}

/**
 * Under which names a stack may be known: its identity, and those that say less of it, since
 * an earlier release or version wrote them.
 */
export function namesOf(identity: string): string[] {
  const withoutOrganization = identity.replace(organizationPart, "$1");
  return [...new Set([identity, withoutOrganization, withoutBackend(identity)])];
}

/**
 * A stack's identity, and the earlier ones that its resources carry. One that only says less
 * of it would also fit the stacks of other organizations and backends.
 */
export function allIdentities(stack: string, marks: readonly unknown[]): string[] {
  const names = namesOf(stack);
  const earlier = marks.filter((mark) => typeof mark === "string" && !names.includes(mark));
  return [stack, ...new Set(earlier as string[])];
}

/**
 * Whether two identities are of one stack, as far as can be known, however each machine
 * names the backend.
 */
export function isSameOnAnyMachine(one: string, other: string): boolean {
  const [own, its] = [one, other].map((identity) => organizationPart.exec(identity)?.[2]);
  const areOfOne = own === undefined || its === undefined || own === its;
  return areOfOne && withoutBackend(one) === withoutBackend(other);
}

/** The backends with organizations speak HTTP; the organization ends the path. */
const organizationPart = /(@https?:\/\/[^#]+)\/([^/#]+)/;

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
function describeBackend(text: string, organization: string | undefined): string {
  if (!URL.canParse(text)) return shortHash(text);
  const url = new URL(text);
  if (url.protocol === "file:")
    for (const name of fileOptions) if (url.searchParams.has(name)) url.searchParams.delete(name);
  const { protocol, host, pathname, search } = url;
  const query = search === "" ? "" : `#${shortHash(search)}`;
  const owner = organization && /^https?:$/.test(protocol) ? `/${organization}` : "";
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}${owner}${query}`;
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
