import type { PlannedResource } from "./planned-resource.ts";
import type { Section } from "./section.ts";

/** A thing as the state is to have it. */
export interface ExistingResource {
  readonly id: string;
  /**
   * As the program declares it; what depends on a resource that is not in the state yet
   * is filled in.
   */
  readonly inputs: Record<string, unknown>;
  /** What a create would have returned. It may ask the vendor, and changes nothing there. */
  outputs(): Promise<Record<string, unknown>>;
}

/** Something that lives at a vendor and belongs to one customer. */
export interface Candidate {
  /** Its id in the state. */
  readonly id: string;
  /** For the table, behind the id. */
  readonly cells: readonly string[];
  /** What the slug of a new customer is made of; the first is the best. */
  readonly names: readonly string[];
  /** Name of the customer; without one it is a blank. */
  readonly name?: string;
  /** Its declaration, with a blank for what cannot be read. */
  readonly section: Section;
  /** Lines above the declaration, for who fills in the blanks. */
  readonly comment?: string;
  /** Secrets that have to be set before the import: paths in the section. */
  readonly secrets?: readonly string[];
  /** What people have to know of it. */
  readonly notes?: readonly string[];
  /** Why it cannot be adopted. */
  readonly blockedReason?: string;
  /** Whether a section, or the inputs of a resource, declare this very thing. */
  isDeclaredBy(declared: Section): boolean;
  /**
   * What a resource is that the program would create for this customer; undefined when
   * the vendor has no such thing.
   */
  match(resource: PlannedResource): ExistingResource | undefined;
}

/** A vendor, as adoption needs it. Nothing here changes anything at the vendor. */
export interface AdoptionSource {
  /** The section's name in a customer's file. */
  readonly name: "enablex" | "netsapiens" | "xima" | "xelion";
  /** Type of the resource that a thing is in the state. */
  readonly type: string;
  /** The account whose things these are. */
  readonly account: string | undefined;
  readonly columns: readonly string[];
  /**
   * Environment of the preview before the import, where the provider would else refuse to
   * create what exists.
   */
  readonly previewEnvironment?: Record<string, string>;
  candidates(): Promise<Candidate[]>;
  /** Ends what the vendor keeps open. */
  close?(): Promise<void>;
}
