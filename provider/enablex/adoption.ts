import type { Difference } from "./fields.ts";
import type { Adopt } from "./schema.ts";

/**
 * Where the existing thing comes from: `ours` when this stack's journal has its id,
 * `perhaps ours` when this stack sent a create that was cut off before the answer, else
 * `foreign`.
 */
export type Origin = "ours" | "perhaps ours" | "foreign";

/**
 * `take` it as it is, `overwrite` what differs, or refuse: it `exists`, or it exists and
 * `differs`.
 */
export type Adoption = "take" | "overwrite" | "exists" | "differs";

/**
 * What becomes of a thing that exists when it is to be created. A create that was cut off
 * heals itself: what it made is taken over whatever `adopt` says when it is as declared;
 * with its id in the journal it is ours even if the declaration was changed meanwhile.
 * What cannot be changed through the API is never overwritten.
 */
export function adoption(
  mode: Adopt,
  origin: Origin,
  found: readonly Difference[],
  fixed: readonly string[],
): Adoption {
  const same = found.length === 0;
  if (mode === "never" && (origin === "foreign" || (origin === "perhaps ours" && !same)))
    return "exists";
  if (same) return "take";
  if (found.some(({ field }) => fixed.includes(field.property))) return "differs";
  return mode === "always" || origin === "ours" ? "overwrite" : "differs";
}
