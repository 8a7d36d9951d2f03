import { steps, UcaasError, urnOf } from "./errors.ts";
import { entryReference, journalCommand, ownerOf } from "./intents.ts";
import type { JournalEntry } from "./journal.ts";

/** What the lifecycle's errors say of a resource. */
export interface ErrorSubject {
  readonly vendor: string;
  /** `licence`, `customer`, `client`, `tenant`. */
  readonly noun: string;
  /** The argument that names what the resource is: `ccId`. */
  readonly identity: string;
  readonly label: string;
}

export function declaredTwice({ vendor, noun, identity, label }: ErrorSubject): UcaasError {
  return new UcaasError(`another resource of this stack declares this ${noun}`, {
    code: "DECLARED_TWICE",
    vendor,
    operation: `create ${noun} ${label}`,
    hint: steps(
      `Look for ${identity} that was copied and not changed.`,
      "Correct it, or remove one of the two.",
    ),
  });
}

export function stateNewer(
  { vendor, noun, label }: Omit<ErrorSubject, "identity">,
  known: number,
  found: number,
): UcaasError {
  const reason = `the state has schemaVersion ${found}, and this release knows ${known}`;
  return new UcaasError(reason, {
    code: "STATE_NEWER",
    vendor,
    operation: `read the state of ${noun} ${label}`,
    hint: "nothing was sent. Install the release of pulumi-ucaas that wrote the state, or a newer one",
  });
}

export function takeOverOpen(
  { vendor, noun, label }: Omit<ErrorSubject, "identity">,
  taker: string | undefined,
): UcaasError {
  const other = taker === undefined ? "another resource" : `resource ${JSON.stringify(taker)}`;
  return new UcaasError(`not deleted: ${other} failed to take over this ${noun}`, {
    code: "TAKE_OVER_OPEN",
    vendor,
    operation: `delete ${noun} ${label}`,
    hint: [
      steps(`Fix the error of ${other}.`, "Run `pulumi up` for the whole stack."),
      `To delete the ${noun} instead:`,
      steps(
        "Declare this resource again, and remove the other one.",
        "Run `pulumi up`.",
        "Remove this resource.",
      ),
      "If the other one is gone for good:",
      steps("ucaas journal list --stack <stack>", "ucaas journal resolve <entry> --stack <stack>"),
    ].join("\n    "),
  });
}

/**
 * A create at another address finds what it is to replace: both addresses may lead to one
 * server.
 *
 * @param settings what gives the old account the new address: config key and value
 * @param hasDependents the engine refuses to destroy it alone
 */
export function replacedIsHere(
  { vendor, noun, label }: Omit<ErrorSubject, "identity">,
  resource: string | undefined,
  addresses: readonly [before: string, now: string],
  settings: readonly (readonly [key: string, value: string])[],
  hasDependents = false,
): UcaasError {
  const [option, also] = hasDependents
    ? [" --target-dependents", ", with what depends on it"]
    : ["", ""];
  return new UcaasError(`this address may already show the ${noun} that is replaced`, {
    code: "ALREADY_EXISTS",
    vendor,
    operation: `create ${noun} ${label}`,
    hint: [
      `If ${addresses.join(" and ")} lead to one server:`,
      steps(
        "Declare the account that the resource had before.",
        ...settings.map(
          ([key, value]) => `Change its address in place: pulumi config set --path ${key} ${value}`,
        ),
        "Run pulumi up.",
      ),
      "If they are two servers:",
      steps(
        `Delete the ${noun} at ${addresses[0]}${also}: pulumi destroy --target '${urnOf(resource)}'${option}`,
        `Run pulumi up: adopt decides about the ${noun} at ${addresses[1]}.`,
      ),
    ].join("\n    "),
  });
}

/** What a create found at its address, and did not make. */
export interface Found {
  /** The resource that was to take it over. */
  readonly resource: string;
  readonly address: string;
  /** The create failed, and another run takes it over. */
  failed?: true;
  /** An earlier run created the resource, and what it found is not known. */
  readonly earlier?: boolean;
}

/**
 * The warning for a delete at another address than that at which a create found the object.
 *
 * @throws {UcaasError} `TAKE_OVER_OPEN` where that create failed: the resource stays in the state
 */
export function keptForTaker(
  subject: Omit<ErrorSubject, "identity">,
  { resource, address, failed, earlier }: Found,
  former: string,
): string {
  if (failed) throw takeOverOpen(subject, resource);
  const { noun, label } = subject;
  return [
    `${noun} ${label} is kept: resource ${JSON.stringify(resource)} ${earlier ? "may have found" : "found"} it at ${address}.`,
    `That may be the same server as ${former}.`,
    `If it is another one, the ${noun} at ${former} is still billed: delete it there by hand`,
  ].join(" ");
}

/** An entry of another stack, or of this one before it was renamed. */
export function otherStack(
  subject: ErrorSubject,
  entry: JournalEntry,
  stack: string,
  location: string,
): UcaasError {
  const { vendor, noun, label } = subject;
  const owner = ownerOf(entry);
  const what = `${entry.operation ?? "create"}${owner === undefined ? "" : ` of resource ${owner}`} at ${entry.intendedAt}`;
  return new UcaasError(
    `not sent: stack ${entry.stack} has written this ${noun} (${what}, ${location})`,
    {
      code: "JOURNAL_OTHER_STACK",
      vendor,
      operation: `create ${noun} ${label}`,
      hint: steps(
        `If this stack was renamed or moved: ${journalCommand(`move ${entry.stack} ${stack}`, stack)}`,
        "If its declaration was moved here: move its state too (docs/stack-files.md).",
        `If the other stack declares the ${noun} too: remove it from one of them.`,
        `If the other stack gave it up: ${journalCommand("list", stack)}, then ${journalCommand("resolve <entry>", stack)}.`,
      ),
    },
  );
}

/**
 * Whether a delete that was cut off has arrived could not be seen. Without the other
 * remedy, nothing could be done on a machine that cannot look.
 */
export function cannotTell(
  error: UcaasError,
  { noun, label }: ErrorSubject,
  entry: JournalEntry,
): UcaasError {
  const { reason, hint, ...details } = error;
  const resolve = journalCommand(`resolve ${entryReference(entry)}`, entry.stack);
  return new UcaasError(reason, {
    ...details,
    hint: `${hint}\n    If you see that ${noun} ${label} is still there: ${resolve}`,
  });
}

/** The remedy that `ALREADY_EXISTS` lacks: what exists belongs to this very stack. */
export function ownedByThisStack(error: UcaasError, { noun }: ErrorSubject): UcaasError {
  const { reason, ...details } = error;
  return new UcaasError(`${reason}; another resource of this stack has it`, {
    ...details,
    code: error.code,
    hint: steps(
      [
        "If the resources swap what they are: declare them as they were, and give each the other's name with the option",
        '       aliases: [{ name: "<old name>" }].',
      ].join("\n"),
      `If this resource replaces the other: remove the other one's ${noun} first (pulumi up), then declare this one.`,
      `If both declare the same ${noun}: declare it once.`,
    ),
  });
}

export function isAlreadyThere(error: unknown): error is UcaasError {
  return error instanceof UcaasError && error.code === "ALREADY_EXISTS";
}
