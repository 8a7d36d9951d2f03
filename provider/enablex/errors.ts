import { configKey } from "../runtime/config.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { entryReference, journalCommand } from "../runtime/intents.ts";
import type { JournalEntry } from "../runtime/journal.ts";
import type { ManagedInputs } from "../runtime/lifecycle.ts";
import { inWords } from "../runtime/outputs.ts";
import { valueAt } from "../runtime/own-property.ts";
import { seenByAnother } from "../runtime/seen-by.ts";
import type { EnableXClient } from "./client.ts";
import { type ApiFailure, toError } from "./envelope.ts";
import {
  type ApiRecord,
  type Difference,
  formatDifferences,
  type Properties,
  secretMatcher,
} from "./fields.ts";
import { chooseSearch, shown, toLabel } from "./resource-id.ts";
import { customerType, type ResourceType } from "./resource-types.ts";

/** What the codes of the EnableX resources mean. */
export const enablexErrors = {
  ACCOUNT_CHANGED: "another account does not see the object, or has another one",
  ACTION_REQUIRED: "a redirect, or the server wants more",
  AMBIGUOUS: "several objects agree in what identifies one",
  APP_TYPE_INVALID: "the header X-App-Type has no allowed value",
  APP_TYPE_MISSING: "the header X-App-Type is missing",
  APP_TYPE_NOT_TEXT: "the header X-App-Type is not a text",
  CLIENT_ERROR: "a refusal that the guide does not list",
  DUPLICATE: "a value belongs to another object",
  EMPTY_REPLY: "the reply has no body",
  ERROR: "the server gives no reason",
  HEADER_INVALID: "the credentials are not accepted",
  HEADER_MISSING: "a header is missing",
  HTML_REPLY: "the reply is a page",
  INTERNAL_ERROR: "the server failed",
  IN_PROGRESS: "the server still works on the request",
  LIST_ENDLESS: "a list does not end",
  NOT_CONFIRMED: "the server does not say that it succeeded",
  NOT_FOUND: "the object or the route does not exist",
  NOT_SHOWN: "the server does not show what was written",
  NO_RESULT: "the reply has no result",
  OUTCOME_UNKNOWN: "no create got a clear answer",
  RATE_LIMITED: "too many calls",
  REQUEST_INVALID: "the server wants another request",
  ROUTE_NOT_FOUND: "a 404 for an object that the server still shows",
  SERVER_ERROR: "the server failed",
  TOKEN_EXPIRED: "the token has expired",
  TOKEN_INVALID: "the token is not accepted",
  UNAVAILABLE: "the server is not available",
  UNKNOWN_COUNTRY: "the server does not list the country",
  UNLISTED_CODE: "a code that the guide does not list",
  VALIDATION_FAILED: "a value is not accepted",
} as const;

export type EnableXErrorCode = keyof typeof enablexErrors;

declare module "../runtime/errors.ts" {
  interface ErrorCatalogues {
    enablex: typeof enablexErrors;
  }
}

/** A 404 from another account, or another server, than the one that has seen the object last. */
export function accountChanged(
  { name }: ResourceType,
  operation: string,
  resource: ManagedInputs,
): UcaasError {
  const { account } = resource;
  const key = configKey("enablex", "accessId", account);
  return seenByAnother(
    `this account does not see the ${name}; another account did`,
    { vendor: "enablex", operation, status: 404 },
    resource,
    `Check ${key}, its key or login, and the base URL: they may be another reseller's.`,
    `the keys were replaced and the ${name} is gone`,
  );
}

/** Another account, or another server, has another object under the id. */
export function strangerFound(
  { name, searches }: ResourceType,
  operation: string,
  resource: ManagedInputs,
): UcaasError {
  const { account } = resource;
  const [key, address] = ["accessId", "baseUrl"].map((each) => configKey("enablex", each, account));
  const identity = searches.map(({ properties }) => properties.join(" and ")).join(" or ");
  return seenByAnother(
    `this id is another ${name} here: its ${identity} differs`,
    { vendor: "enablex", operation },
    resource,
    `Check ${address} and ${key}: they may lead to another server.`,
    `the server has moved and the ${name} is gone`,
    `If it is the same ${name}: declare its ${identity} as the portal shows it.`,
  );
}

/** A create that another account began: what it made is not seen here. */
export function begunByAnother(
  { name }: ResourceType,
  operation: string,
  { account }: ManagedInputs,
  entry: JournalEntry,
): UcaasError {
  const key = configKey("enablex", "accessId", account);
  const resolve = journalCommand(`resolve ${entryReference(entry)}`, entry.stack);
  return new UcaasError(`another account began to create this ${name}; this one cannot see it`, {
    code: "ACCOUNT_CHANGED",
    vendor: "enablex",
    operation,
    hint: steps(
      `Check ${key}, and its key or login: they may be another reseller's.`,
      "Run pulumi up again with the account that began it: it takes up what was made.",
      `If that account is gone: look at EnableX what it has made, then: ${resolve}`,
    ),
  });
}

/** What exists may not be taken over. */
export function notAdopted(
  kind: ResourceType,
  operation: string,
  why: "exists" | "differs",
  object: string,
  found: readonly Difference[],
): UcaasError {
  const differing = found.length ? `. It differs:\n  ${formatDifferences(found)}` : "";
  const docs = `docs/enablex-${kind.name}.md`;
  return why === "exists"
    ? new UcaasError(`${object} exists already, and adopt is "never"${differing}`, {
        code: "ALREADY_EXISTS",
        vendor: "enablex",
        operation,
        hint: `set adopt: "if-same" or "always", or import it (${docs}).`,
      })
    : new UcaasError(
        `${object} exists already, and is not as declared:\n  ${formatDifferences(found)}`,
        {
          code: "ALREADY_EXISTS",
          vendor: "enablex",
          operation,
          hint: steps(
            "To take it over as it is: declare what the server has, or import it (" + docs + ").",
            'To overwrite the server\'s values: set adopt: "always".',
            "If it belongs to another owner: declare another one.",
          ),
        },
      );
}

/** An update would make a second object with what tells one from all others. */
export function identityTaken(
  kind: ResourceType,
  operation: string,
  inputs: Properties,
  others: readonly string[],
): UcaasError {
  const { properties } = chooseSearch(kind, inputs);
  const declared = properties.map((property) => `${property} ${JSON.stringify(inputs[property])}`);
  return new UcaasError(`${others.join(" and ")} already has ${declared.join(" and ")}`, {
    code: "ALREADY_EXISTS",
    vendor: "enablex",
    operation,
    hint: steps(
      `If a killed run has left it: remove it in the portal, after a look at what it holds.`,
      `Else declare another ${properties.at(-1)}, or import it by its id (docs/enablex-${kind.name}.md).`,
      "Run pulumi up: nothing was changed.",
    ),
  });
}

/** A create finds what another declared resource has, which is about to change. */
export function stillHeld(
  kind: ResourceType,
  operation: string,
  id: string,
  holder: string,
): UcaasError {
  return new UcaasError(`resource ${JSON.stringify(holder)} still has ${kind.name} ${id}`, {
    code: "ALREADY_EXISTS",
    vendor: "enablex",
    operation,
    hint: steps(
      `Run pulumi up again: once ${JSON.stringify(holder)} has changed, this ${kind.name} is created.`,
      `If that fails too: pulumi up --target '**::${holder}'`,
      "Run pulumi up.",
    ),
  });
}

/** Two declared resources have one object. */
export function sharedObject(
  kind: ResourceType,
  id: string,
  holders: readonly [string, string],
): UcaasError {
  const names = holders.map((name) => JSON.stringify(name)).join(" and ");
  return new UcaasError(`resources ${names} have the same ${kind.name}`, {
    code: "DECLARED_TWICE",
    vendor: "enablex",
    operation: `compare ${kind.name} ${id}`,
    hint: steps(
      `Remove from the program the one that is not to keep it.`,
      `Run pulumi up: the ${kind.name} stays.`,
      `If both are wanted: declare it again. Their ${kind.searches[0]?.properties.at(-1)} must differ.`,
    ),
  });
}

/**
 * Several agree in what should tell one from all others. `own` is the id of this stack's,
 * where it is known.
 */
export function ambiguous(
  kind: ResourceType,
  operation: string,
  properties: readonly string[],
  rows: readonly string[],
  own?: string,
): UcaasError {
  return new UcaasError(
    `${rows.length} ${kind.name}s agree in ${properties.join(" and ")}: ${rows.join(", ")}`,
    {
      code: "AMBIGUOUS",
      vendor: "enablex",
      operation,
      hint: own
        ? [
            `this stack created ${kind.name} ${own} and manages it. Another stack or person created the others at the same time`,
            steps("Look at the others in the portal.", "Delete what is there twice."),
          ].join("\n    ")
        : steps(
            "Look at them in the portal: nothing was changed.",
            "Delete what is there twice.",
            `If all are wanted: import the right one by its id (docs/enablex-${kind.name}.md).`,
          ),
    },
  );
}

/** Objects that this run created and that are not as they should be, found after the creates. */
export function problemsOfOthers(
  kind: ResourceType,
  operation: string,
  problems: readonly [UcaasError, ...UcaasError[]],
): UcaasError {
  const messages = problems.map(({ message }) => message).join("\n  ");
  return new UcaasError(
    `${problems.length} ${kind.name}s that this run created before have a problem:\n  ${messages}`,
    {
      code: problems[0].code,
      vendor: "enablex",
      operation,
      hint: "do what each line says; this resource itself is as declared",
    },
  );
}

/** What was written does not show. */
export function notVisible(
  kind: ResourceType,
  id: string,
  operation: string,
  seconds: number,
  differing: string | undefined,
): UcaasError {
  return new UcaasError(
    differing === undefined
      ? `the server does not show the ${kind.name} ${id} after ${seconds} s`
      : `the server does not show what was written after ${seconds} s:\n  ${differing}`,
    {
      code: "NOT_SHOWN",
      vendor: "enablex",
      operation,
      hint: steps(
        "Look at the values in the portal.",
        "Run pulumi up again: it compares and writes once more. A slow server needs a larger enablex:consistencySeconds.",
        `A field that this server never shows: pulumi config set --path 'enablex:routes.${kind.name}WriteOnly[0]' <argument>`,
      ),
    },
  );
}

/** 1504: which field it is, and which thing has its value. */
export async function duplicate(
  client: EnableXClient,
  kind: ResourceType,
  failure: ApiFailure,
  inputs: Properties,
  operation: string,
): Promise<UcaasError> {
  const property = duplicateProperty(kind, failure, client);
  if (!property) return toError(failure, operation);
  const owner = await ownerOf(client, kind, property, inputs);
  const value = JSON.stringify(valueAt(inputs, property));
  const whose = owner
    ? `It belongs to ${owner}.`
    : `No ${kind.name} that these credentials see has it.`;
  return toError(
    {
      ...failure,
      reason: `${property} ${value} is taken. ${whose} ${failure.reason}`,
    },
    operation,
    owner
      ? `declare another ${property}, or adopt or import what has it (docs/enablex-${kind.name}.md)`
      : `declare another ${property}; it may belong to another reseller, or to something else than a ${kind.name}`,
  );
}

/** The guide's example echoes `email` where the field may be `contact_email`. */
function duplicateProperty(
  kind: ResourceType,
  failure: ApiFailure,
  { routes }: EnableXClient,
): string | undefined {
  const wires = Object.entries(routes[`${kind.name}Fields`] as Record<string, string>);
  for (const name of Object.keys(failure.data ?? {})) {
    const hit =
      wires.find(([, wire]) => wire === name) ??
      wires.find(([, wire]) => wire.endsWith(`_${name}`));
    if (hit) return hit[0];
  }
  return undefined;
}

/**
 * The owner in words, as far as a search can tell; what cannot be known is left out rather
 * than failed on.
 */
async function ownerOf(
  client: EnableXClient,
  kind: ResourceType,
  property: string,
  inputs: Properties,
): Promise<string | undefined> {
  const search = kind.searches.find(
    ({ properties }) => properties.length === 1 && properties[0] === property,
  );
  if (!search) return undefined;
  const [row] = await client
    .find(kind, search, { [property]: valueAt(inputs, property) })
    .catch(() => []);
  return row && describeRecord(kind, row, client.idOf(kind, row) ?? "?", inputs);
}

/** A delete that was refused. What of a customer is in the way is not public. */
export function deleteRefused(
  kind: ResourceType,
  failure: ApiFailure,
  operation: string,
): UcaasError {
  if (kind.name !== "customer" || failure.mayHaveActed) return toError(failure, operation);
  return toError(
    { ...failure, reason: `the server does not delete the customer. ${failure.reason}` },
    operation,
    steps(
      "The customer may still have subscriptions or users, which the API cannot delete: end them in the EnableX portal.",
      "Run the command again.",
      "To keep the customer instead: pulumi state delete <urn>",
    ),
  );
}

const mayGoWithItsCustomer =
  "It may go with its customer when that is deleted, which is not public either. ";

/** By kind, what is said of a thing that stays at the server. */
const orphanTexts: Record<
  ResourceType["name"],
  { which: (inputs: Properties) => string; why: string; cost: string; also: string }
> = {
  customer: {
    which: (inputs) => toLabel(customerType, inputs),
    why: "enablex:routes.customerDelete is none",
    cost: "it stays as it is, and what it has is billed, until it is ended in the EnableX portal",
    also: "",
  },
  subscription: {
    which: (inputs) => `plan ${shown(inputs, "planId")} of customer ${shown(inputs, "customerId")}`,
    why: "the API lists no delete for it",
    cost: "it goes on and is billed until it is ended in the EnableX portal",
    also: mayGoWithItsCustomer,
  },
  user: {
    which: (inputs) => shown(inputs, "email"),
    why: "the API lists no delete for it",
    cost: "it can go on logging in and takes its seat of the plan until it is removed in the EnableX portal",
    also: mayGoWithItsCustomer,
  },
};

/** The warning for a replacement that finds the old object in the new one's place. */
export function notReplaced({ name }: ResourceType, id: string): string {
  return [
    `${name} ${id} is kept, since this resource has it already.`,
    "What to do if it is to be deleted and created again:",
    "add the option deleteBeforeReplace: true to the resource, and run pulumi up --replace once more",
  ].join(" ");
}

/** The warning for a delete that the server has no route for. */
export function orphanWarning({ name }: ResourceType, id: string, inputs: Properties): string {
  const { which, why, cost, also } = orphanTexts[name];
  return [
    `${name} ${id} (${which(inputs)}) leaves the state but stays at EnableX: ${why}, so ${cost}.`,
    `${also}A server that has a delete:`,
    `pulumi config set --path enablex:routes.${name}Delete "DELETE /${name}s/{id}"`,
  ].join(" ");
}

/** By the API's name of a value that describes a thing, the argument that declares it. */
const described = {
  customer_name: "customerName",
  first_name: "firstName",
  name: "name",
  customer_code: "customerCode",
  contact_email: "contactEmail",
  email: "email",
  plan_id: "planId",
} as const;

/**
 * A thing in a few words: `customer 1001 "Acme" (customer_code ACME)`. What the declaration
 * has as a secret is left out, also as the server spells it.
 */
export function describeRecord(
  kind: ResourceType,
  row: ApiRecord,
  id: string,
  inputs: Properties,
): string {
  const isSecret = secretMatcher(inputs);
  const of = (key: keyof typeof described) => (isSecret(described[key]) ? undefined : row[key]);
  const name = of("customer_name") ?? of("first_name") ?? of("name");
  const also = (["customer_code", "contact_email", "email", "plan_id"] as const).flatMap((key) => {
    const value = of(key);
    return value ? [`${key} ${typeof value === "string" ? value : inWords(value)}`] : [];
  });
  return `${kind.name} ${id}${name ? ` ${inWords(name)}` : ""}${also.length ? ` (${also.join(", ")})` : ""}`;
}
