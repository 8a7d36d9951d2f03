import type { dynamic } from "@pulumi/pulumi";
import type { z } from "zod";
import { own, valueAt } from "./own-property.ts";
import { closestMatches } from "./suggest.ts";
import { isUnknown } from "./unknown.ts";

/** A path into a resource's inputs, as zod gives it: `["ccId", "tenantId"]`. */
export type Path = readonly PropertyKey[];

/** The path as Pulumi writes property paths: `departments[0].users[1]`. */
export function propertyPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(String(part)))
      text += text ? `.${String(part)}` : String(part);
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** What is wrong with a value, and where it is. */
export interface ValidationFailure {
  readonly path: Path;
  readonly reason: string;
}

/**
 * Checks the inputs of a resource against its schema and returns **every** failure, each
 * with its property path. Values that are unknown while previewing pass. A property the
 * schema does not know is refused, and the nearest known one is named. Keys that begin
 * with `__` belong to Pulumi and to the core; they are left out.
 */
export function validate(
  schema: z.ZodType,
  inputs: Record<string, unknown>,
): dynamic.CheckFailure[] {
  return validationFailures(schema, inputs).map(({ path, reason }) => ({
    property: propertyPath(path),
    reason,
  }));
}

/** As {@link validate}, with each path in its parts. */
export function validationFailures(
  schema: z.ZodType,
  inputs: Record<string, unknown>,
): ValidationFailure[] {
  const own = Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));
  const result = schema.safeParse(own, { reportInput: false });
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => failuresOfIssue(issue, schema, own));
}

function failuresOfIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  inputs: unknown,
): ValidationFailure[] {
  if (throughUnknown(inputs, issue.path)) return [];
  if (issue.code === "unrecognized_keys") {
    const known = propertiesAt(schema as z.ZodType, issue.path);
    return issue.keys.map((key) => {
      const near = closestMatches(key, known)[0];
      return {
        path: [...issue.path, key],
        reason: `is not a property here. ${near ? `Did you mean ${near}?` : `Known: ${known.join(", ")}.`}`,
      };
    });
  }
  if (issue.code === "invalid_union") {
    // The branch that got furthest is the one that was meant; one without a failure waits
    // for what is not known yet.
    const branches = issue.errors.map((branch) =>
      branch.flatMap((inner) =>
        failuresOfIssue({ ...inner, path: [...issue.path, ...inner.path] }, schema, inputs),
      ),
    );
    const best = branches.sort((a, b) => a.length - b.length)[0];
    if (best) return best;
  }
  const missing = valueAt(inputs, issue.path) === undefined;
  // What is wrong with a key stands one level deeper.
  const message = (issue.code === "invalid_key" && issue.issues[0]?.message) || issue.message;
  const said = message
    .replace(/^Invalid (input|option): /, "")
    .replace(/, received undefined$/, "");
  return [{ path: issue.path, reason: missing ? `is missing: ${said}` : said }];
}

/**
 * True when the path leads to, or through, a value that is not known yet: there is
 * nothing to check there.
 */
function throughUnknown(inputs: unknown, path: Path): boolean {
  let value = inputs;
  for (const part of path) {
    if (isUnknown(value)) return true;
    value = own(value, part);
  }
  return isUnknown(value);
}

/** The names of the properties that a schema knows at a path. */
export function propertiesAt(schema: z.ZodType, path: Path): string[] {
  return definitionsAt(schema, path).flatMap(({ shape }) => Object.keys(shape ?? {}));
}

const scalars = new Set(["string", "number", "int", "boolean", "enum", "literal", "null"]);

/** Whether a schema wants a text, a number or a boolean at a path, and nothing else. */
export function wantsScalar(schema: z.ZodType, path: Path): boolean {
  const definitions = definitionsAt(schema, path);
  return definitions.length > 0 && definitions.every(({ type }) => scalars.has(type));
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly valueType?: z.ZodType;
  readonly options?: z.ZodType[];
}

/**
 * What a schema wants at a path: one definition, or one for each branch of a union; looks
 * through optional, nullable and default.
 */
function definitionsAt(schema: z.core.$ZodType, path: Path): Definition[] {
  const definition = (schema as z.ZodType).def as unknown as Definition;
  if (definition.options)
    return definition.options.flatMap((option) => definitionsAt(option, path));
  const inner = definition.innerType ?? definition.in;
  if (inner) return definitionsAt(inner, path);
  if (path.length === 0) return [definition];
  const next =
    definition.element ??
    definition.valueType ??
    (own(definition.shape, String(path[0])) as z.ZodType | undefined);
  return next ? definitionsAt(next, path.slice(1)) : [];
}
