import type { Limits } from "pulumi-ucaas-stacks/internal/limits";
import type { BillingTerms } from "../cost/billing.ts";
import { type Inputs, isSeat } from "../cost/quantities.ts";
import { isAtVendor } from "../pulumi/locator.ts";
import type { Step } from "../pulumi/preview.ts";
import type { State } from "../pulumi/stack.ts";
import { checkLimits, type Violation } from "./limits.ts";
import { mayTakeSeats, type ResourceChange, summarize, takesSeats } from "./summarize.ts";

/** A resource as a program declares it. */
export interface DeclaredResource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  readonly inputs: Inputs;
  /** URNs that it had before a rename. */
  readonly aliases?: readonly string[];
}

/**
 * Watches a deployment, resource by resource, for what it changes beyond the limits of
 * its stack. It knows the state before the deployment: an engine shows a policy what is
 * to be, and not what was.
 */
export class LimitWatch {
  readonly #states: readonly State[];
  readonly #before: ReadonlyMap<string, State>;
  readonly #limits: Limits;
  readonly #terms: BillingTerms;
  readonly #declared = new Map<string, DeclaredResource>();
  readonly #told = new Set<string>();

  constructor(before: readonly State[], limits: Limits, terms: BillingTerms) {
    this.#states = before;
    // What a replacement that was cut off left has the URN of what is there.
    const leftFirst = before.toSorted((a, b) => Number(b.delete ?? 0) - Number(a.delete ?? 0));
    this.#before = new Map(leftFirst.map((state) => [state.urn, state]));
    this.#limits = limits;
    this.#terms = terms;
  }

  /**
   * The limits that this resource goes beyond, together with those before it: it must not
   * be applied. What is removed is not known yet.
   */
  take(resource: DeclaredResource): Violation[] {
    this.#declared.set(resource.urn, resource);
    const summary = summarize(this.#plan([]), this.#terms);
    const own = summary.changes.find(({ urn }) => urn === resource.urn);
    if (!own || own.quantities.length === 0) return [];
    const found = checkLimits(summary, this.#limits).filter(({ limit, kind, customers }) =>
      kind === "exceeded"
        ? contributesTo[limit](own)
        : // What else is not known may be known once more resources are declared.
          limit === "protectedCustomers" && customers.includes(own.customer) && mayTakeSeats(own),
    );
    for (const { limit, kind } of found) if (kind === "exceeded") this.#told.add(limit);
    return found;
  }

  /**
   * The limits that the whole deployment exceeds, without those reported at a resource.
   */
  finish(resources: readonly DeclaredResource[]): Violation[] {
    this.#declared.clear();
    for (const resource of resources) this.#declared.set(resource.urn, resource);
    const kept = new Set(resources.map((resource) => this.#old(resource)));
    const removed = this.#states.filter((state) => {
      // What is only read stays at its vendor; what a replacement has deleted is gone already.
      const isHeld = isAtVendor(state) && !state.external && !state.pendingReplacement;
      return isHeld && (state.delete || !kept.has(state));
    });
    const summary = summarize(this.#plan(removed), this.#terms);
    return checkLimits(summary, this.#limits).filter(
      ({ limit, kind }) => kind === "unknown" || !this.#told.has(limit),
    );
  }

  #old({ urn, aliases = [] }: DeclaredResource): State | undefined {
    const former = [urn, ...aliases].find((each) => this.#before.has(each));
    return former === undefined ? undefined : this.#before.get(former);
  }

  #plan(removed: readonly State[]) {
    const declared = [...this.#declared.values()].map((resource): Step => {
      const { urn, type, parent, inputs } = resource;
      const oldState = this.#old(resource);
      const custom = type.startsWith("pulumi-nodejs:dynamic/");
      const newState = { urn, type, parent, custom, inputs: { ...inputs } };
      return { op: oldState ? "update" : "create", urn, oldState, newState };
    });
    const deletes = removed.map(
      (oldState): Step => ({ op: "delete", urn: oldState.urn, oldState }),
    );
    return { diagnostics: [], steps: [...declared, ...deletes] };
  }
}

function addedSeats({ quantities }: ResourceChange): number {
  return quantities
    .filter(({ sku }) => isSeat(sku))
    .reduce((sum, { before = 0, after = 0 }) => sum + after - before, 0);
}

/** Whether a resource itself takes part in going beyond a limit. */
const contributesTo: Readonly<Record<keyof Limits, (change: ResourceChange) => boolean>> = {
  // What is removed is not known before the end.
  maxRemovals: () => false,
  maxAddedSeats: (change) => addedSeats(change) > 0,
  maxAddedCost: ({ quantities }) => quantities.some(({ cost }) => cost?.gt(0)),
  protectedCustomers: takesSeats,
};
