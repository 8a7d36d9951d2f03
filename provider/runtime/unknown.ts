/**
 * What the engine sends in `check` and `diff` for a value that is not known before `up`,
 * whatever its type. It is `pulumi.runtime.unknownValue`, written out so that the
 * provider process need not load the SDK's runtime for it.
 */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** True for a value that is not known yet. */
export function isUnknown(value: unknown): boolean {
  return value === unknownValue;
}

/** True when a property of the program is not known yet. The provider adds those with `__`. */
export function hasUnknownArgument(inputs: object): boolean {
  return Object.entries(inputs).some(([name, value]) => !name.startsWith("__") && isUnknown(value));
}

/** True when the value, or anything inside it, is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
