import type { OAuthClientOutputs } from "./schema.ts";

/** At which other address the client of a resource that ends may be in use. */
export interface OtherUse {
  /** A resource has the client with the same id and secret there: it is the same client. */
  readonly sameAt?: string;
  /** The resource itself has a client of that id there, which may be the same. */
  readonly perhapsAt?: string;
}

/**
 * The clients that the resources of this run have, by the resources' ids. One system may
 * have several addresses, and each makes another id.
 *
 * The engine compares or creates all that is declared before it deletes. So a delete knows
 * of each resource that stays, also when an earlier run was killed before the delete.
 */
export class HeldClients {
  readonly #held = new Map<string, OAuthClientOutputs>();

  hold(id: string, outs: OAuthClientOutputs): void {
    this.#held.set(id, outs);
  }

  /** A resource ends. The last one of a client does not keep it. */
  release(id: string, { clientId, bundle, __resource: name }: OAuthClientOutputs): OtherUse {
    this.#held.delete(id);
    const secret = bundle?.api_client_secret;
    const others = [...this.#held.values()].filter((other) => other.clientId === clientId);
    const same = others.find(
      (other) => secret !== undefined && other.bundle?.api_client_secret === secret,
    );
    if (same) return { sameAt: same.bundle.api_url };
    const successor = others.find(
      (other) => name === undefined || (other.__resource ?? name) === name,
    );
    return { perhapsAt: successor?.bundle?.api_url };
  }
}
