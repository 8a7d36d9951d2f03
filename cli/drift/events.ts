import { tryParseJson } from "pulumi-ucaas/internal/runtime/parse-json";
import { signatureKey } from "pulumi-ucaas/internal/runtime/secret-mark";
import { speaksOfSecrets } from "pulumi-ucaas/internal/runtime/secret-names";
import { mask } from "pulumi-ucaas/internal/runtime/secrets";
import { isRecord, valueAt } from "pulumi-ucaas-stacks/internal/object-path";
import { z } from "zod";
import { isAtVendor, type Locator } from "../pulumi/locator.ts";
import { redact } from "../redact.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import type { CheckError, Difference } from "./report.ts";

/**
 * A resource before or after the refresh; `inputs` are what was declared or what stands
 * for it now, `outputs` all that is known of it.
 */
const stateSchema = z.object({
  type: z.string(),
  urn: z.string(),
  /** Empty where the resource does not exist yet. */
  id: z.string().optional(),
  custom: z.boolean().optional(),
  /** Left to delete by a replacement that was cut off; the live one has the same URN. */
  delete: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
type State = z.output<typeof stateSchema>;

/** Of the engine's events, those that tell about drift. The CLI writes one a line. */
const eventSchema = z.object({
  resOutputsEvent: z
    .object({
      metadata: z.object({
        op: z.string(),
        urn: z.string(),
        old: stateSchema.nullish(),
        new: stateSchema.nullish(),
      }),
    })
    .optional(),
  diagnosticEvent: z
    .object({ urn: z.string().optional(), message: z.string(), severity: z.string() })
    .optional(),
  summaryEvent: z.object({}).optional(),
});

/**
 * Reads what the engine says during `pulumi refresh --preview-only`, line by line. The
 * engine has masked secrets in the states of resources, but its debug messages hold them
 * in plain text: those are never kept.
 */
export class RefreshEvents {
  readonly differences: Difference[] = [];
  readonly errors: CheckError[] = [];
  /** How many resources the vendors were asked about, and what could be found out of them. */
  readonly counts: Record<Coverage | "checked", number> = {
    checked: 0,
    compared: 0,
    existenceOnly: 0,
    notReadable: 0,
  };
  /** Whether the engine came to its end. */
  complete = false;
  readonly #place: Locator;
  readonly #unread: ReadonlySet<string>;

  /** @param unread URNs of which the engine asks no vendor, and says `same` */
  constructor(place: Locator, unread: ReadonlySet<string> = new Set()) {
    this.#place = place;
    this.#unread = unread;
  }

  take(line: string): void {
    const event = eventSchema.safeParse(tryParseJson(line)).data;
    if (event?.summaryEvent) this.complete = true;
    if (event?.diagnosticEvent?.severity === "error") this.#error(event.diagnosticEvent);
    if (event?.resOutputsEvent) this.#resource(event.resOutputsEvent.metadata);
  }

  #resource({ op, old, new: now }: { op: string; old?: State | null; new?: State | null }): void {
    // Where the program runs too, the engine also tells what is declared and not applied yet.
    if (!old || old.id === "" || !isAtVendor(old)) return;
    // Nothing declares a leftover: the next update removes it, here and at the vendor.
    if (old.delete || this.#unread.has(old.urn)) return;
    this.counts.checked++;
    this.counts[coverageOf(old.type)]++;
    if (op !== "update" && op !== "delete") return;
    const place = { ...this.#place(old.urn), urn: old.urn };
    if (!now) this.differences.push({ ...place, kind: "gone" });
    else {
      const changed = changedProperties(old, now);
      this.differences.push(
        ...changed.map((change) => ({ ...place, kind: "changed" as const, ...change })),
      );
      if (changed.length === 0) this.differences.push({ ...place, kind: "hidden" });
    }
  }

  #error({ urn, message }: { urn?: string; message: string }): void {
    const reason = redact(message.trim().replace(/^Preview failed: /, ""));
    // Said once more at the end, about nothing in particular.
    if (!urn && reason === "preview failed" && this.errors.length > 0) return;
    this.errors.push({ ...(urn && this.#place(urn)), reason });
  }
}

interface Change {
  readonly property: string;
  readonly declared?: unknown;
  readonly actual?: unknown;
}

/**
 * What was declared and is otherwise; and what is only observed, and differs from the
 * last time.
 */
function changedProperties(old: State, now: State): Change[] {
  const keys = Object.keys({ ...old.inputs, ...now.inputs, ...old.outputs, ...now.outputs });
  return keys.flatMap((key) => {
    if (key.startsWith("__")) return [];
    const inputs = [valueAt(old.inputs, [key]), valueAt(now.inputs, [key])] as const;
    const outputs = [valueAt(old.outputs, [key]), valueAt(now.outputs, [key])] as const;
    const declared = changes(key, inputs, outputs);
    if (declared.length > 0) return declared;
    // When something was looked at says nothing about it.
    return changes(key, outputs, inputs).filter(
      ({ declared: before, actual }) => !(isTime(before) && isTime(actual)),
    );
  });
}

/**
 * The leaves in which two values differ. Of a secret nothing can be known, not even
 * whether it differs; what is marked as secret anywhere, be it in the `others` (the same
 * property in the other bag), is secret.
 */
function changes(
  path: string,
  [before, after]: readonly [unknown, unknown],
  others: readonly unknown[],
): Change[] {
  if ([before, after, ...others].some(isSecret)) {
    const appeared = before === undefined || after === undefined;
    const change = {
      property: path,
      ...(before !== undefined && { declared: mask }),
      ...(after !== undefined && { actual: mask }),
    };
    return appeared && before !== after ? [change] : [];
  }
  const areLists = Array.isArray(before) && Array.isArray(after);
  if (areLists || (isRecord(before) && isRecord(after))) {
    const inside = (key: string) => (areLists ? `${path}[${key}]` : `${path}.${key}`);
    return Object.keys({ ...before, ...after }).flatMap((key) =>
      changes(
        inside(key),
        [valueAt(before, [key]), valueAt(after, [key])],
        others.map((other) => valueAt(other, [key])),
      ),
    );
  }
  if (Object.is(before, after)) return [];
  const show = (value: unknown) => (speaksOfSecrets(path) ? maskIfSet(value) : masked(value));
  return [{ property: path, declared: show(before), actual: show(after) }];
}

/** In events, the value beside the engine's mark is `[secret]`. */
function isSecret(value: unknown): boolean {
  return isRecord(value) && Object.hasOwn(value, signatureKey);
}

/** A value as it may be shown, with every secret in it masked. */
function masked(value: unknown): unknown {
  if (isSecret(value)) return mask;
  if (Array.isArray(value)) return value.map(masked);
  if (isRecord(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        speaksOfSecrets(key) ? maskIfSet(inner) : masked(inner),
      ]),
    );
  return value;
}

/** Whatever a name says of it, that there is no value is none of its secrets. */
function maskIfSet(value: unknown): unknown {
  return value === undefined || value === null || value === "" ? value : mask;
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value);
}
