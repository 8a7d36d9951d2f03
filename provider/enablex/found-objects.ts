import type { ManagedInputs } from "../runtime/lifecycle.ts";
import type { Found } from "../runtime/lifecycle-errors.ts";
import type { EnableXClient } from "./client.ts";
import type { Properties } from "./fields.ts";
import { identifyingIn, isSameObject, toLabel } from "./resource-id.ts";
import type { ResourceType } from "./resource-types.ts";
import type { EnableXInputs, EnableXOutputs } from "./schema.ts";

interface FoundObject extends Found {
  readonly id: string;
  /** What tells it from others. */
  readonly identifying: Properties;
  /** Of a resource in the state. */
  readonly claim?: string;
}

/**
 * What this run knows to exist at an address. Two addresses may lead to one server, where
 * the delete of one resource would remove what another one took over.
 */
export class FoundObjects {
  readonly #kind: ResourceType;
  /** What creates found, and did not make. */
  readonly #found: FoundObject[] = [];
  /** By id, what resources have in the state. */
  readonly #compared = new Map<string, FoundObject[]>();

  constructor(kind: ResourceType) {
    this.#kind = kind;
  }

  noteFound(address: string, id: string, identifying: Properties, news: EnableXInputs): void {
    this.#found.push({ id, identifying, address, resource: this.#nameOf(news) });
  }

  noteFailedCreate(news: EnableXInputs): void {
    for (const found of this.#found) if (found.resource === this.#nameOf(news)) found.failed = true;
  }

  /** An earlier run may have taken over what this run is to delete at another address. */
  noteCompared(
    address: string,
    id: string,
    olds: EnableXOutputs,
    { __resource: resource = id }: ManagedInputs,
  ): void {
    const others = (this.#compared.get(id) ?? []).filter((other) => other.address !== address);
    const identifying = identifyingIn(this.#kind, olds);
    const noted = { id, address, resource, identifying, claim: olds.__claim };
    this.#compared.set(id, [...others, noted]);
  }

  /**
   * What a create of this run found at another address, or another resource has there: it
   * may be this very object.
   */
  findElsewhere(client: EnableXClient, id: string, props: EnableXOutputs): Found | undefined {
    const { __claim: claim, __resource: name = id } = props;
    const others = (this.#compared.get(id) ?? []).filter((noted) =>
      claim === undefined ? noted.resource !== name : noted.claim !== claim,
    );
    return [...this.#found, ...others].find(
      (found) =>
        found.id === id &&
        found.address !== client.baseUrl &&
        isSameObject(this.#kind, client, found.identifying, props),
    );
  }

  #nameOf(news: EnableXInputs): string {
    const { __resource: name = toLabel(this.#kind, news) }: ManagedInputs = news;
    return name;
  }
}
