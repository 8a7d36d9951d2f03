import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { closestMatches } from "./suggest.ts";

/**
 * Ends the program with an error when a resource could not be registered. To the engine,
 * a program that ends well without a resource wants that resource deleted.
 *
 * Where the engine registered the resource and reports its failure, the outputs of the
 * resource are handled: with `--continue-on-error` each would be an unhandled rejection,
 * and the SDK would print its own stack below the resource's error. What is made from
 * such an output still fails. Every other failure is one of which the engine knows
 * nothing.
 */
export function requireRegistration(resource: pulumi.Resource, type: string, name: string): void {
  for (const output of Object.values(resource)) {
    if (!pulumi.Output.isInstance(output)) continue;
    pulumi.recover(output, (error): undefined => {
      if (isOfEngine(error, resource, name)) {
        // The SDK prints it for each resource that was to be made from this one.
        sayPlainly(
          error,
          `what depends on ${type} ${JSON.stringify(name)} is left as it is, since that failed`,
        );
        return undefined;
      }
      throw notRegistered(error, type, name);
    });
  }
}

/**
 * What to throw in place of an error that kept a resource from being registered: its
 * cause in plain words, without a stack.
 */
export function notRegistered(error: unknown, type: string, name: string): unknown {
  const cause = (error instanceof Error ? error.message : String(error))
    .replace(/^failed to register new resource .*? \[[^\]]*\]: (\d+ [A-Z_]+: )?/, "")
    .slice(0, 2000);
  const place = placeIn(error);
  return sayPlainly(
    error,
    `${type} ${JSON.stringify(name)} could not be registered${place && ` (${place})`}: ${cause}\n` +
      "  What to do: correct the resource's arguments and options. The run ended before anything was deleted.",
  );
}

/**
 * The SDK's own words for a resource that the engine registered, tried, and reported as
 * failed or skipped (SDK 3.259.0).
 */
function isOfEngine(error: unknown, resource: pulumi.Resource, name: string): boolean {
  const type = (resource as { __pulumiType?: string }).__pulumiType;
  return (
    error instanceof Error &&
    (engineFailures.get(error) ?? error.message) === `resource ${name} [${type}] failed to register`
  );
}

/** The original messages of the engine's failures, whose text is replaced. */
const engineFailures = new WeakMap<Error, string>();

/**
 * Makes an error one that the SDK prints without a stack. It prints each error once, and
 * it throws the original itself: so that one is changed, and not wrapped.
 */
function sayPlainly(error: unknown, words: string): unknown {
  const plainAlready: boolean = pulumi.RunError.isInstance(error);
  if (plainAlready) return error;
  if (!(error instanceof Error) || Object.isFrozen(error)) return new pulumi.RunError(words);
  engineFailures.set(error, error.message);
  error.message = words;
  error.stack = "";
  return Object.assign(error, { __pulumiRunError: true });
}

const ownFolder = fileURLToPath(new URL("..", import.meta.url));

/**
 * The line of the user's program that an error comes from: `index.ts:12:3`; empty where
 * none is known.
 */
function placeIn(error: unknown): string {
  const frames = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  for (const frame of frames) {
    const [, location, position] = /((?:file:\/\/)?\/[^()]+?):(\d+:\d+)\)?$/.exec(frame) ?? [];
    if (!location || !position || location.includes("/node_modules/")) continue;
    const path = location.startsWith("file:") ? fileURLToPath(location) : location;
    if (!path.startsWith(ownFolder)) return `${relative(process.cwd(), path)}:${position}`;
  }
  return "";
}

/** Options of every resource and component (SDK 3.259.0). */
const knownOptions: Record<
  keyof pulumi.CustomResourceOptions | keyof pulumi.ComponentResourceOptions,
  true
> = {
  additionalSecretOutputs: true,
  aliases: true,
  customTimeouts: true,
  deleteBeforeReplace: true,
  deletedWith: true,
  dependsOn: true,
  envVarMappings: true,
  hideDiffs: true,
  hooks: true,
  id: true,
  ignoreChanges: true,
  import: true,
  parent: true,
  pluginDownloadURL: true,
  protect: true,
  provider: true,
  providers: true,
  replaceOnChanges: true,
  replaceWith: true,
  replacementTrigger: true,
  retainOnDelete: true,
  transformations: true,
  transforms: true,
  urn: true,
  version: true,
};

/**
 * Refuses options that the SDK would pass over without a word. A misspelt `protect`
 * protects nothing, and with a misspelt or unusable alias a renamed resource is deleted.
 * A key that looks like no known one may be of a later SDK, and passes.
 *
 * @throws {pulumi.RunError}
 */
export function requireOptions(
  options: object | null | undefined,
  type: string,
  name: string,
): void {
  const problem = optionProblem(options ?? {});
  if (problem)
    throw new pulumi.RunError(
      `${type} ${JSON.stringify(name)} could not be registered: ${problem}`,
    );
}

/**
 * Refuses the option `import`: the engine reads by the id alone, and then Pulumi's provider
 * process has no code for the resource. Its own error tells nothing of that.
 *
 * @throws {pulumi.RunError}
 */
export function refuseImport(
  options: pulumi.CustomResourceOptions,
  type: string,
  name: string,
): void {
  if (options.import === undefined) return;
  throw new pulumi.RunError(
    [
      `${type} ${JSON.stringify(name)} could not be registered: the option import does not work for dynamic resources`,
      "What to do: 1. Remove the option.\n    2. Import with ucaas adopt or pulumi import --file (docs/dynamic-resources.md).",
    ].join("\n  "),
  );
}

/**
 * Warns of options that the engine takes and that have no effect. The text names the
 * resource: a message that waits for the URN of a resource that cannot be registered
 * fails, and with it every later message of the program.
 */
export function warnOfOptionsWithoutEffect(
  options: pulumi.CustomResourceOptions,
  type: string,
  name: string,
): void {
  for (const key of ["customTimeouts", "replaceOnChanges"] as const)
    if (options[key] !== undefined)
      void pulumi.log.warn(
        `${type} ${JSON.stringify(name)}: the option ${key} has no effect on a dynamic resource (docs/dynamic-resources.md)`,
      );
}

function optionProblem(options: object): string | undefined {
  if (typeof options !== "object") return `its options must be an object, not a ${typeof options}`;
  for (const key of Object.keys(options)) {
    const [near] = Object.hasOwn(knownOptions, key)
      ? []
      : closestMatches(key, Object.keys(knownOptions));
    if (near) return `${key} is not an option. Did you mean ${near}?`;
  }
  const { aliases, deletedWith, customTimeouts } = options as Record<string, unknown>;
  const timeouts = timeoutProblem(customTimeouts);
  if (timeouts) return timeouts;
  if (deletedWith !== undefined && !pulumi.Resource.isInstance(deletedWith))
    return "deletedWith must be a resource";
  if (aliases === undefined || aliases === null) return undefined;
  if (!Array.isArray(aliases)) return "aliases must be a list";
  const wrong = aliases.findIndex(
    (alias) => typeof alias !== "string" && (typeof alias !== "object" || alias === null),
  );
  return wrong < 0
    ? undefined
    : `aliases[${wrong}] must be a URN, or an object such as { name: "old-name" }`;
}

/** The SDK sends what is no text as text, and the engine takes an empty one for the default. */
function timeoutProblem(timeouts: unknown): string | undefined {
  if (timeouts === undefined || timeouts === null) return undefined;
  if (typeof timeouts !== "object") return "customTimeouts must be an object";
  const known = ["create", "update", "delete"];
  for (const [key, value] of Object.entries(timeouts)) {
    if (value === undefined) continue;
    if (!known.includes(key))
      return `customTimeouts.${key} is not a timeout. Known: ${known.join(", ")}`;
    if (typeof value !== "string" || value.trim() === "")
      return `customTimeouts.${key} must be a duration in quotes, such as "5m"`;
  }
  return undefined;
}

/**
 * Refuses arguments that the SDK would lose or could not send: what is no data, and what
 * contains itself.
 *
 * @throws {pulumi.RunError}
 */
export function requireSerializable(args: object, type: string, name: string): void {
  const problem = unserializable(args, "", []);
  if (problem)
    throw new pulumi.RunError(
      `${type} ${JSON.stringify(name)} could not be registered: ${problem}`,
    );
}

function unserializable(
  value: unknown,
  path: string,
  parents: readonly unknown[],
): string | undefined {
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
    return `${path} must not be a ${typeof value}`;
  if (
    typeof value !== "object" ||
    value === null ||
    pulumi.Output.isInstance(value) ||
    pulumi.Resource.isInstance(value)
  )
    return undefined;
  if (value instanceof Date || value instanceof Map || value instanceof Set)
    return `${path} must not be a ${value.constructor.name}`;
  if (parents.includes(value)) return `${path} contains itself`;
  for (const [key, item] of Object.entries(value)) {
    const problem = unserializable(item, path ? `${path}.${key}` : key, [...parents, value]);
    if (problem) return problem;
  }
  return undefined;
}
