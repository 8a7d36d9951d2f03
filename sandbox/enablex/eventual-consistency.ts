/**
 * Eventual consistency on demand: for a while after a write, reads still show what was
 * there before.
 */
import type { Fields } from "./records.ts";

/** What reads show instead of the truth; null: that there is no such record. */
export interface Stale {
  fields: Fields | null;
  until: number;
  reads: number;
}

export interface Lag {
  now: number;
  visibleAfterMs: number;
  visibleAfterReads: number;
}

/** Notes what was there before a write. A record that is stale already keeps showing the oldest. */
export function noteWrite(
  stale: Record<string, Stale>,
  key: string,
  before: Fields | null,
  lag: Lag,
): void {
  if (lag.visibleAfterMs === 0 && lag.visibleAfterReads === 0) return;
  const shown = isStale(stale[key], lag.now) ? stale[key]!.fields : before;
  stale[key] = { fields: shown, until: lag.now + lag.visibleAfterMs, reads: lag.visibleAfterReads };
}

/** What this read shows of a record, and counts as one of the reads for which it is stale. */
export function visibleState(
  stale: Record<string, Stale>,
  key: string,
  truth: Fields | null,
  now: number,
): Fields | null {
  const old = stale[key];
  if (old === undefined) return truth;
  if (!isStale(old, now)) {
    delete stale[key];
    return truth;
  }
  old.reads = Math.max(0, old.reads - 1);
  return old.fields;
}

const isStale = (old: Stale | undefined, now: number) =>
  old !== undefined && (now < old.until || old.reads > 0);
