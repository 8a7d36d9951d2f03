import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";
import { leaves } from "pulumi-ucaas-stacks/internal/object-path";
import { StackFiles } from "pulumi-ucaas-stacks/internal/stack-files";
import { validateStackFiles } from "pulumi-ucaas-stacks/internal/validate";
import { print } from "../output.ts";
import type { Step } from "../pulumi/preview.ts";
import { inProgramFolder, workInProgramFolder } from "../pulumi/project.ts";
import { parseUrn } from "../pulumi/urn.ts";
import { redact } from "../redact.ts";
import { fileOf, writeCustomerFiles } from "./customer-files.ts";
import { existingResources } from "./existing.ts";
import { type Adopted, importFile, unrelatedSteps } from "./import-file.ts";
import { findPlaintextSecrets } from "./plaintext-secrets.ts";
import { type PlannedCandidate, plan } from "./plan.ts";
import { asJson, asTable } from "./plan-table.ts";
import type { Section } from "./section.ts";
import { sectionOf } from "./section.ts";
import type { AdoptionSource } from "./source.ts";
import type { Config, Stack } from "./stack.ts";

/** What is asked and done of a stack. */
type AdoptStack = Pick<
  Stack,
  "name" | "filesFolder" | "resources" | "readsStackFiles" | "preview" | "import" | "hasNoChanges"
>;

/** What the user asked for. */
interface AdoptOptions {
  /** Slugs by the things' ids. */
  readonly chosen: ReadonlyMap<string, string>;
  readonly yes: boolean;
  /** Shows it as JSON. */
  readonly json?: boolean;
  /** The command that does what this run shows. */
  readonly command: string;
}

/**
 * Shows what lives at the vendor and what would become of it; with `yes`, makes it so. It
 * can be run again at any time: it goes on with what is declared and not yet in the
 * state.
 */
export async function adopt(
  vendor: AdoptionSource,
  stack: AdoptStack,
  config: Config,
  { chosen, yes, json, command }: AdoptOptions,
): Promise<void> {
  const files = new StackFiles(stack.filesFolder, stack.name);
  const candidates = await vendor.candidates();
  const unknown = [...chosen.keys()].filter(
    (id) => !candidates.some((candidate) => candidate.id === id),
  );
  if (unknown.length > 0) throw notListed(unknown);
  const planned = plan(candidates, { vendor, files, state: await stack.resources(), chosen });
  const refused = planned
    .filter(({ candidate }) => chosen.has(candidate.id))
    .flatMap((each) => reasonOf(each, chosen));
  if (refused.length > 0) throw notFollowed(refused);
  if (json) return print(asJson(stack.name, vendor, planned));
  print(asTable(vendor, planned, (slug) => fileOf(files, slug)));
  if (!yes) return void print(`\nNothing was written or imported. To do it:\n  ${command}`);

  const declared = new Set(files.customers(files.asWritten).map(({ slug }) => slug));
  if (!(await stack.readsStackFiles(declared))) throw filesNotRead(stack.filesFolder);
  const written = writeCustomerFiles(vendor, files, planned);
  if (written > 0) print(`Wrote ${written} ${written === 1 ? "file" : "files"}.`);
  const sections = sectionsOf(
    vendor,
    new StackFiles(stack.filesFolder, stack.name),
    config,
    planned,
    command,
  );
  print("Previewing the program with these files (pulumi preview) …");
  const previewSteps = await stack.preview(vendor.previewEnvironment);
  const adopted = await workInProgramFolder(() =>
    existingResources(vendor, config, sections, planned, previewSteps),
  );
  const file = importFile(adopted, previewSteps);
  const others = unrelatedSteps(previewSteps, file);
  if (others.length > 0) throw otherChangesPending(others);
  if (adopted.length === 0) return void print(nothingToImport(planned));

  print(`Importing ${counted(adopted)} …`);
  const protect = adopted.some(({ pending }) => pending.protect);
  const begun = performance.now();
  await stack.import(file, protect);
  print(`Imported in ${((performance.now() - begun) / 1000).toFixed(1)} s. Now the proof …`);
  await verifyImport(stack, adopted);
  print(`Proved: the preview is empty, and no secret is readable in the exported state.
The next \`pulumi up\` changes nothing at a vendor; it writes the stack's outputs, and which resource depends on which.`);
}

function notListed(ids: readonly string[]): UcaasError {
  return new UcaasError(`--as names ${ids.join(", ")}, and nothing that is listed has this id`, {
    code: "NOT_FOUND",
    operation: "adopt",
    hint: "run the command without --as and --yes: the table's first column shows the ids",
  });
}

/** Why it does not become the customer that was chosen, as a line for people. */
function reasonOf(
  { candidate: { id }, action }: PlannedCandidate,
  chosen: AdoptOptions["chosen"],
): string[] {
  if (action.kind === "left out") return [`${id}: ${action.reason}`];
  return action.slug === chosen.get(id) ? [] : [`${id}: it is customer ${action.slug} already`];
}

/** Who names an object means that it is adopted: a script would go on as if it were. */
function notFollowed(lines: readonly string[]): UcaasError {
  const count = `${lines.length} ${lines.length === 1 ? "object" : "objects"}`;
  return new UcaasError(`--as cannot be followed for ${count}:${listed(lines)}`, {
    code: "INVALID_ARGUMENT",
    operation: "adopt",
    hint: [
      "nothing was written or imported.",
      steps("Choose another slug, or take the object out of --as.", "Run the same command again."),
    ].join("\n    "),
  });
}

function nothingToImport(planned: readonly PlannedCandidate[]): string {
  const found = "There is nothing to import:";
  if (planned.length === 0) return `${found} the vendor lists nothing, and the preview is empty.`;
  const managed = planned.filter(({ action }) => action.kind === "managed").length;
  if (managed === planned.length)
    return `${found} the state has all of it, and the preview is empty.`;
  const leftOut = planned.filter(({ action }) => action.kind === "left out").length;
  return [
    `${found} of ${planned.length} at the vendor, the state has ${managed},`,
    `and ${leftOut} ${leftOut === 1 ? "is" : "are"} left out. The preview is empty.`,
  ].join(" ");
}

function filesNotRead(folder: string): UcaasError {
  return new UcaasError("the program of this project does not read stack files", {
    code: "FILES_NOT_READ",
    operation: "adopt",
    hint: [
      `nothing was written or imported: nothing would read the files in ${folder}.`,
      steps(
        "Let the program read the stack files (docs/stack-files.md).",
        "Run the same command again.",
      ),
      "To adopt into a program of your own, declare the resources there for pulumi import --file (docs/adopting.md).",
    ].join("\n    "),
  });
}

/**
 * The customers' sections as the program will see them, by slug.
 *
 * @throws {UcaasError} `FILES_NOT_READY` while the program would refuse the files: a
 *   blank is left, or something else is wrong
 */
function sectionsOf(
  vendor: AdoptionSource,
  files: StackFiles,
  config: Config,
  planned: readonly PlannedCandidate[],
  command: string,
): ReadonlyMap<string, Section> {
  const customers = files.customers(config);
  const faults = inProgramFolder(() => validateStackFiles(files, config, customers, config));
  if (faults.length > 0) throw filesNotReady(faults, planned, command);
  for (const customer of customers) {
    for (const { path, value } of leaves(customer.value))
      if (customer.isSecret(path)) rememberSecret(value);
  }
  return new Map(
    customers.map((customer) => [customer.slug, sectionOf(customer, vendor.name) ?? {}]),
  );
}

function filesNotReady(
  faults: readonly string[],
  planned: readonly PlannedCandidate[],
  command: string,
): UcaasError {
  const missingSecrets = planned.flatMap(({ candidate, action }) =>
    (candidate.secrets ?? [])
      .map((path) => ("slug" in action ? `${action.slug}.${path}` : ""))
      .filter((path) => faults.some((fault) => fault.includes(` ${path} is missing`))),
  );
  return new UcaasError(
    `nothing was imported, since the stack's files are not ready (${faults.length}):${listed(faults)}`,
    {
      code: "FILES_NOT_READY",
      operation: "adopt",
      hint: [
        "do not run `pulumi up` yet: it would create what already exists",
        steps(
          "Fill in the blanks, and correct the rest.",
          ...missingSecrets.map(
            (path) => `pulumi config set --secret --path 'ucaas:customers.${path}'`,
          ),
          command,
        ),
      ].join("\n    "),
    },
  );
}

function otherChangesPending(previewSteps: readonly Step[]): UcaasError {
  const lines = previewSteps.map(({ op, urn }) => {
    const { qualifiedType, name } = parseUrn(urn);
    return `${op} ${qualifiedType} ${name}`;
  });
  return new UcaasError(
    `the stack has other changes waiting (${lines.length}), so nothing was imported:${listed(lines)}`,
    {
      code: "OTHER_CHANGES",
      operation: "adopt",
      hint: steps(
        "Adopt what exists of them too (without --filter, or with another vendor).",
        "Run `pulumi up` for what does not exist, or take it out of the files.",
        "Run the same command again: an adoption is proved by an empty preview.",
      ),
    },
  );
}

/** More than a person reads. */
const longestList = 60;

function listed(lines: readonly string[]): string {
  const more = lines.length > longestList ? [`… and ${lines.length - longestList} more`] : [];
  return [...lines.slice(0, longestList), ...more].map((line) => `\n  ${line}`).join("");
}

async function verifyImport(stack: AdoptStack, adopted: readonly Adopted[]): Promise<void> {
  const { yes, words } = await stack.hasNoChanges();
  if (!yes) {
    throw new UcaasError(`the preview after the import is not empty:\n${words}`, {
      code: "NOT_PROVED",
      operation: "adopt",
      hint: "look at what it would change before you run `pulumi up`: `pulumi state delete <urn>` takes a resource out of the state again",
    });
  }
  const readable = findPlaintextSecrets(
    await stack.resources(),
    adopted,
    (text) => redact(text) !== text,
  );
  if (readable.length > 0) {
    throw new UcaasError(`secrets are readable in the exported state:${listed(readable)}`, {
      code: "SECRETS_READABLE",
      operation: "adopt",
      hint: steps(
        "Take these resources out of the state (pulumi state delete <urn>).",
        "Change the secrets.",
        "Report this as a fault of pulumi-ucaas.",
      ),
    });
  }
}

function counted(adopted: readonly Adopted[]): string {
  const types = Map.groupBy(adopted, ({ pending }) => pending.type);
  return [...types].map(([type, all]) => `${all.length} ${type}`).join(", ");
}
