import { isRecord } from "./is-record.ts";
import { own } from "./own-property.ts";

/**
 * The option `ignoreChanges`, as a resource class hands it over. The engine keeps the old
 * input of what is ignored, and tells no dynamic provider that it did.
 */
export type IgnoringInputs = {
  readonly __ignoreChanges?: readonly string[];
};

/** Whether a property, or what it is in, is ignored: `officeAddress.city`. */
export function isIgnored({ __ignoreChanges }: IgnoringInputs, property: string): boolean {
  return leadsTo(pathsOf(__ignoreChanges), partsOf(property));
}

/** The inputs without what is ignored, at any depth. Lists are ignored as a whole, or not. */
export function withoutIgnored<Bag extends object>(
  bag: Bag,
  { __ignoreChanges }: IgnoringInputs,
): Partial<Bag> {
  const paths = pathsOf(__ignoreChanges);
  return paths.length === 0 ? bag : (prune(bag, paths, []) as Partial<Bag>);
}

function prune(bag: object, paths: readonly string[][], place: readonly string[]): object {
  const kept = Object.entries(bag).flatMap(([key, value]) => {
    const here = [...place, key];
    if (leadsTo(paths, here)) return [];
    if (!isRecord(value) || Object.keys(value).length === 0) return [[key, value]];
    const inner = prune(value, paths, here);
    return Object.keys(inner).length > 0 ? [[key, inner]] : [];
  });
  return Object.fromEntries(kept);
}

function leadsTo(paths: readonly string[][], place: readonly string[]): boolean {
  return paths.some(
    (path) =>
      path.length > 0 &&
      path.length <= place.length &&
      path.every((part, index) => part === "*" || part === own(place, index)),
  );
}

function pathsOf(given: unknown): string[][] {
  return Array.isArray(given) ? given.map((path) => partsOf(String(path))) : [];
}

/** The parts of a path as Pulumi writes it: `a.b`, `a[0]`, `a["b.c"]`. */
function partsOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|[^.[\]]+/g)].map(
    ([whole, quoted]) => quoted?.replace(/\\(.)/g, "$1") ?? whole,
  );
}
