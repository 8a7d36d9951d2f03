import { maskSecrets } from "./secrets.ts";

/** What the codes of `provider/runtime` mean. */
export const runtimeErrors = {
  ALREADY_EXISTS: "the vendor has it already, and it may not be adopted",
  CONFIG_INVALID: "a value of the config is not allowed",
  CONFIG_MISSING: "a required value of the config is missing",
  CONFIG_UNKNOWN_ACCOUNT: "the resource names an account that the config does not have",
  DECLARED_TWICE: "two resources of the stack declare the same remote object",
  JOURNAL_INVALID: "the journal's database is no PostgreSQL URL, or its folder is one",
  JOURNAL_OTHER_STACK: "another stack has written this remote object",
  JOURNAL_OUTDATED: "another process has written the same entry in the meantime",
  JOURNAL_PACKAGE_MISSING: "the package pg is not installed",
  JOURNAL_UNAVAILABLE: "the journal cannot be read or written",
  JOURNAL_UNREADABLE: "an entry of the journal is damaged, or of a newer version",
  PACKAGE_NOT_FOUND: "the provider process does not find this package",
  RECORD_UNREADABLE: "pulumi does not show the stack's state or history",
  STATE_NEWER: "a newer release has written the state",
  TAKE_OVER_OPEN: "not deleted: another resource failed to take it over",
  UNKNOWN_RESOURCE: "this version has no resource of that type",
} as const;

/**
 * The catalogues of error codes. Each folder adds its own by `declare module`, so that a
 * code that no catalogue has is an error of types.
 */
export interface ErrorCatalogues {
  runtime: typeof runtimeErrors;
}

declare const vendorCode: unique symbol;

/** A code in a vendor's own words, or made from an HTTP status. No catalogue has it. */
export type VendorCode = string & { readonly [vendorCode]: true };

/** Every code of this project. */
export type ErrorCode =
  | { [Folder in keyof ErrorCatalogues]: keyof ErrorCatalogues[Folder] }[keyof ErrorCatalogues]
  | `HTTP_${number}`
  | `RELAY_HTTP_${number}`;

/** The code that a vendor sent. */
export function vendorCodeOf(code: string): VendorCode {
  return code as VendorCode;
}

/**
 * What a {@link UcaasError} says beside its message. All of it may be shown to a user:
 * never a body, a header, a token or a secret.
 */
export interface UcaasErrorDetails {
  /** Stable, for programs: `CONFIG_MISSING`, `ALREADY_EXISTS`, `DUPLICATE_JTI`, … */
  readonly code: ErrorCode | VendorCode;
  /** `xima`, `enablex`, `netsapiens`, `xelion`; absent when the fault is not tied to a vendor. */
  readonly vendor?: string;
  /** What was tried, in words: `create licence acme/berlin`. */
  readonly operation?: string;
  /** HTTP status, when there was a reply. */
  readonly status?: number;
  /** The vendor's own code for the error. */
  readonly vendorCode?: string;
  /**
   * Whether the vendor may have done what was asked, in this try or in an earlier one.
   * False only when it is certain that it did nothing; undefined when it was not asked.
   */
  readonly mayHaveActed?: boolean;
  /** What to do now, in the vendor's own words where it documents them. */
  readonly hint: string;
  readonly cause?: unknown;
}

/**
 * The one error class of this package. Its message reads: what was tried, what went
 * wrong, what to do.
 *
 * @example
 * ```ts
 * throw new UcaasError("the licence exists already", {
 *   code: "ALREADY_EXISTS",
 *   vendor: "xima",
 *   operation: "create acme/berlin",
 *   hint: "set adopt: true",
 * });
 * ```
 */
export class UcaasError extends Error implements UcaasErrorDetails {
  override readonly name = "UcaasError";
  readonly code: ErrorCode | VendorCode;
  readonly vendor?: string;
  readonly operation?: string;
  readonly status?: number;
  readonly vendorCode?: string;
  readonly mayHaveActed?: boolean;
  readonly hint: string;
  /** The bare sentence, without operation, code and hint. */
  readonly reason: string;

  constructor(sentence: string, details: UcaasErrorDetails) {
    // A vendor's text may be of any length, and what to do would be lost behind it.
    const reason = cut(sentence, 6_000);
    const vendorCode = details.vendorCode && cut(details.vendorCode, 64);
    const where = [details.vendor, details.operation].filter(Boolean).join(" ");
    const codes = [
      details.code,
      vendorCode === details.code ? undefined : vendorCode,
      details.status && `HTTP ${details.status}`,
    ];
    super(
      `${where && `${where}: `}${reason} [${codes.filter(Boolean).join(", ")}]\n  What to do: ${details.hint}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.reason = reason;
    this.code = details.code;
    this.vendor = details.vendor;
    this.operation = details.operation;
    this.status = details.status;
    this.vendorCode = vendorCode;
    this.mayHaveActed = details.mayHaveActed;
    this.hint = details.hint;
  }
}

/** Stands for a URN in a command: errors know a resource by its name. */
export function urnOf(resource: string | undefined): string {
  return resource === undefined ? "<urn>" : `<urn of ${JSON.stringify(resource)}>`;
}

/** Whether a write that failed has certainly changed nothing. */
export function changedNothing(error: unknown): boolean {
  return error instanceof UcaasError && error.mayHaveActed === false;
}

/** What to do, as a numbered list. A single step has no number. */
export function steps(...lines: readonly string[]): string {
  if (lines.length === 1) return lines.join();
  return lines.map((line, index) => `${index + 1}. ${line}`).join("\n    ");
}

/** What to do, as a choice of three or more. A choice of two is a sentence with "or". */
export function oneOf(...alternatives: readonly string[]): string {
  return ["one of:", ...alternatives.map((each) => `- ${each}`)].join("\n    ");
}

/** Masked before it is cut: half a secret would not be found. */
function cut(text: string, length: number): string {
  return text.length > length ? `${maskSecrets(text).slice(0, length)}…` : text;
}

/**
 * A failure after something was made. The engine keeps the resource with these outputs,
 * shows the reasons, and calls `update` at the next `up`: the way not to lose what
 * exists.
 */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  readonly id: string;
  readonly properties: Record<string, unknown>;
  readonly reasons: string[];

  constructor(id: string, properties: object, cause: Error) {
    super(cause.message, { cause });
    this.id = id;
    this.properties = { ...properties };
    this.reasons = [cause.message];
  }
}
