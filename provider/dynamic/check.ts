import type { dynamic } from "@pulumi/pulumi";
import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { isUnknown } from "./unknown.ts";

/** A path into a resource's inputs, as zod gives it: `["ccId", "tenantId"]`. */
export type Path = readonly PropertyKey[];

/** The path as Pulumi writes property paths: `departments[0].users[1]`. */
export function propertyPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(String(part))) text += text ? `.${String(part)}` : String(part);
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** What is wrong with a value, and where it is. */
export interface Failure {
  readonly path: Path;
  readonly reason: string;
}

/**
 * Checks the inputs of a resource against its schema and returns **every** failure, each with its property path.
 * Values that are unknown while previewing pass. A property the schema does not know is refused, and the nearest
 * known one is named. Keys that begin with `__` belong to Pulumi and to the core; they are left out.
 */
export function failuresOf(schema: z.ZodType, inputs: Record<string, unknown>): dynamic.CheckFailure[] {
  return failuresIn(schema, inputs).map(({ path, reason }) => ({ property: propertyPath(path), reason }));
}

/** As {@link failuresOf}, with each path in its parts. */
export function failuresIn(schema: z.ZodType, inputs: Record<string, unknown>): Failure[] {
  const own = Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));
  const result = schema.safeParse(own, { reportInput: false });
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => failuresOfIssue(issue, schema, own));
}

function failuresOfIssue(issue: z.core.$ZodIssue, schema: z.ZodType, inputs: unknown): Failure[] {
  if (throughUnknown(inputs, issue.path)) return [];
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(shapeAt(schema, issue.path) ?? {});
    return issue.keys.map((key) => {
      const near = nearest(key, known)[0];
      return {
        path: [...issue.path, key],
        reason: `is not a property here. ${near ? `Did you mean ${near}?` : `Known: ${known.join(", ")}.`}`,
      };
    });
  }
  if (issue.code === "invalid_union") {
    // The branch that got furthest is the one that was meant; one without a failure waits for what is not known yet.
    const branches = issue.errors.map((branch) =>
      branch.flatMap((inner) => failuresOfIssue({ ...inner, path: [...issue.path, ...inner.path] }, schema, inputs)),
    );
    const best = branches.sort((a, b) => a.length - b.length)[0];
    if (best) return best;
  }
  const missing = valueAt(inputs, issue.path) === undefined;
  // What is wrong with a key stands one level deeper.
  const message = (issue.code === "invalid_key" && issue.issues[0]?.message) || issue.message;
  const said = message.replace(/^Invalid (input|option): /, "").replace(/, received undefined$/, "");
  return [{ path: issue.path, reason: missing ? `is missing: ${said}` : said }];
}

function valueAt(inputs: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], inputs);
}

/** True when the path leads to, or through, a value that is not known yet: there is nothing to check there. */
function throughUnknown(inputs: unknown, path: Path): boolean {
  let value = inputs;
  for (const part of path) {
    if (isUnknown(value)) return true;
    value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  }
  return isUnknown(value);
}

/** The fields of the object schema at a path, looking through optional, nullable, default, arrays and unions. */
function shapeAt(schema: z.core.$ZodType, path: Path): Record<string, z.core.$ZodType> | undefined {
  const def = (schema as z.ZodType).def as unknown as {
    type: string;
    innerType?: z.ZodType;
    in?: z.ZodType;
    element?: z.ZodType;
    shape?: Record<string, z.ZodType>;
    valueType?: z.ZodType;
    options?: z.ZodType[];
  };
  if (def.options) return Object.assign({}, ...def.options.map((option) => shapeAt(option, path)));
  const inner = def.innerType ?? def.in;
  if (inner) return shapeAt(inner, path);
  if (path.length === 0) return def.shape;
  const next = def.element ?? def.valueType ?? def.shape?.[String(path[0])];
  return next && shapeAt(next, path.slice(1));
}
