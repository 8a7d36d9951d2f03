import { unknownValue } from "pulumi-ucaas/internal/runtime/unknown";

/**
 * The inputs as plain data. Pulumi throws when a policy reads a value that is not known
 * before the update: here it is Pulumi's unknown value.
 */
export function knownInputs(props: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(props).map((key) => [key, read(() => props[key])]));
}

function read(get: () => unknown): unknown {
  try {
    const value = get();
    if (Array.isArray(value)) return value.map((_, index) => read(() => value[index]));
    if (typeof value === "object" && value !== null)
      return knownInputs(value as Record<string, unknown>);
    return value;
  } catch {
    return unknownValue;
  }
}
