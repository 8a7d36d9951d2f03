import type { Limits } from "pulumi-ucaas-stacks/internal/limits";
import type { BillingTerms } from "../cost/billing.ts";
import type { Inputs } from "../cost/quantities.ts";
import { isAtVendor } from "../pulumi/locator.ts";
import type { Step } from "../pulumi/preview.ts";
import type { State } from "../pulumi/stack.ts";
import { checkLimits, type Violation } from "./limits.ts";
import { summarize } from "./summarize.ts";

/** A resource as a program declares it. */
export interface DeclaredResource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  readonly inputs: Inputs;
}

/**
 * Watches a deployment, resource by resource, for what it changes beyond the limits of
 * its stack. It knows the state before the deployment: an engine shows a policy what is
 * to be, and not what was.
 */
export class LimitWatch {
  readonly #before: ReadonlyMap<string, State>;
  readonly #limits: Limits;
  readonly #terms: BillingTerms;
  readonly #declared = new Map<string, DeclaredResource>();
  readonly #told = new Set<string>();

  constructor(before: readonly State[], limits: Limits, terms: BillingTerms) {
    this.#before = new Map(before.map((state) => [state.urn, state]));
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
    const { maxRemovals: _, ...limits } = this.#limits;
    const found = checkLimits(summary, limits).filter(
      ({ kind, customers }) => kind === "exceeded" && customers.includes(own.customer),
    );
    for (const { limit } of found) this.#told.add(limit);
    return found;
  }

  /** The limits that the whole deployment goes beyond, and that no resource was told of. */
  finish(resources: readonly DeclaredResource[]): Violation[] {
    this.#declared.clear();
    for (const resource of resources) this.#declared.set(resource.urn, resource);
    const removed = [...this.#before.values()].filter(
      (state) => isAtVendor(state) && !this.#declared.has(state.urn),
    );
    const summary = summarize(this.#plan(removed), this.#terms);
    return checkLimits(summary, this.#limits).filter(
      ({ limit, kind }) => kind === "unknown" || !this.#told.has(limit),
    );
  }

  #plan(removed: readonly State[]) {
    const declared = [...this.#declared.values()].map(({ urn, type, parent, inputs }): Step => {
      const oldState = this.#before.get(urn);
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
