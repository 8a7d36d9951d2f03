import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Table from "cli-table3";
import { UcaasError } from "../../provider/dynamic/errors.ts";
import { plain } from "../../provider/dynamic/plain.ts";
import { rememberSecret, withoutSecrets } from "../../provider/dynamic/secrets.ts";
import { hasUnknown } from "../../provider/dynamic/unknown.ts";
import { call } from "../../provider/host.ts";
import { blank } from "../../stacks/blank.ts";
import { faultsIn } from "../../stacks/faults.ts";
import { StackFiles } from "../../stacks/stack-files.ts";
import { leaves, valueAt } from "../../stacks/tree.ts";
import { newFile, withSection } from "./customer-file.ts";
import { type Adopted, importFile, nameIn, type Pending, pendingOf, readableSecrets, uncovered } from "./pending.ts";
import { type Fate, type Planned, plan } from "./plan.ts";
import type { Config, Stack, Step } from "./stack.ts";
import type { Existing, Section, Thing, Vendor } from "./vendor.ts";

/** What the user asked for. */
export interface Wishes {
  /** Slugs by the things' ids. */
  readonly chosen: ReadonlyMap<string, string>;
  readonly yes: boolean;
  /** The command that does what this run shows. */
  readonly command: string;
}

/** Shows what lives at the vendor and what would become of it; with `yes`, makes it so. */
export async function adopt(vendor: Vendor, stack: Stack, config: Config, { chosen, yes, command }: Wishes): Promise<void> {
  const files = new StackFiles(stack.filesFolder, stack.name);
  const planned = plan(await vendor.things(), { vendor, files, state: await stack.resources(), chosen });
  show(vendor, planned, (slug) => pathOf(files, slug));
  if (!yes) return void console.log(`\nNothing was written or imported. To do it:\n  ${command}`);

  const wanted = planned.filter(({ fate }) => fate.kind !== "left out");
  writeFiles(vendor, files, wanted);
  const ready = filesThatAreReady(stack, config, wanted, command);
  console.log("Asking the program what it makes of the files (pulumi preview) …");
  const steps = await stack.preview(vendor.previewEnvironment);
  const adopted = await existingOf(vendor, config, ready, wanted, steps);
  const file = importFile(adopted, steps);
  const others = uncovered(steps, file);
  if (others.length > 0) throw othersWait(others);
  if (adopted.length === 0) return void console.log("There is nothing to import: the state has all of it, and the preview is empty.");

  console.log(`Importing ${counted(adopted)} …`);
  await stack.import(
    file,
    adopted.some(({ pending }) => pending.protect),
  );
  console.log("Imported. Now the proof …");
  await prove(stack, adopted);
  console.log(`Proved: the preview is empty, and no secret is readable in the exported state.
The next \`pulumi up\` changes nothing at a vendor; it writes the stack's outputs, and which resource depends on which.`);
}

function show(vendor: Vendor, planned: readonly Planned[], pathOf: (slug: string) => string): void {
  const table = new Table({ head: ["id", ...vendor.columns, "customer", "what happens"], style: { head: [], border: [] } });
  for (const { thing, fate } of planned) table.push([thing.id, ...thing.cells, "slug" in fate ? fate.slug : "", inWords(fate, pathOf)]);
  if (planned.length > 0) console.log(table.toString());
  for (const { thing } of planned) for (const note of thing.notes ?? []) console.log(`${thing.id}: ${note}`);
  const count = (...kinds: Fate["kind"][]) => planned.filter(({ fate }) => kinds.includes(fate.kind)).length;
  console.log(
    `${planned.length} at the vendor: ${count("new", "joins")} to declare and import, ${count("declared")} declared already and to import, ${count("managed")} in the state already, ${count("left out")} left out.`,
  );
}

function inWords(fate: Fate, pathOf: (slug: string) => string): string {
  switch (fate.kind) {
    case "managed":
      return "in the state already";
    case "declared":
      return `declared: ${fate.place}`;
    case "new":
      return `new: ${pathOf(fate.slug)}`;
    case "joins":
      return `joins that customer: ${pathOf(fate.slug)}`;
    case "left out":
      return `LEFT OUT: ${fate.reason}`;
  }
}

/** As people name it. */
function pathOf({ folder, stack }: StackFiles, slug: string): string {
  return join(basename(folder), "customers", stack, `${slug}.yaml`);
}

/** Writes what no file declares. A customer that stands in the stack's file gets a file of its own for the new section, so that the stack's file stays as it is. */
function writeFiles(vendor: Vendor, files: StackFiles, planned: readonly Planned[]): void {
  const folder = join(files.folder, "customers", files.stack);
  const texts = planned.flatMap(({ thing, fate }) => {
    if (fate.kind !== "new" && fate.kind !== "joins") return [];
    const path = join(folder, `${fate.slug}.yaml`);
    return [{ path, text: textFor(vendor, thing, fate, path, pathOf(files, fate.slug)) }];
  });
  if (texts.length === 0) return;
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of texts) writeFileSync(path, text);
  console.log(
    `Wrote ${texts.length} ${texts.length === 1 ? "file" : "files"} below ${join(basename(files.folder), "customers", files.stack)}.`,
  );
}

function textFor(vendor: Vendor, thing: Thing, fate: Fate, path: string, name: string): string {
  const part = { vendor: vendor.name, section: thing.section, comment: thing.comment };
  if (!existsSync(path)) return newFile(fate.kind === "new" ? (thing.name ?? blank("the customer's name")) : undefined, part);
  const text = withSection(readFileSync(path, "utf8"), part);
  if (text !== undefined) return text;
  throw new UcaasError(`${name} is not so written that a section can be added at its end`, {
    code: "FILE_NOT_EXTENDED",
    operation: "adopt",
    hint: `nothing was written. Write it as a plain map (name: …), one key a line, or declare ${thing.id} there yourself; then run the same command again`,
  });
}

/** The customers as the program will see them, once no fault and no blank is left. */
function filesThatAreReady(stack: Stack, config: Config, wanted: readonly Planned[], command: string): ReadonlyMap<string, Section> {
  const files = new StackFiles(stack.filesFolder, stack.name);
  const customers = files.customers(config);
  const faults = faultsIn(files, config, customers, config);
  if (faults.length > 0) {
    const secrets = wanted.flatMap(({ thing, fate }) =>
      "slug" in fate && fate.kind !== "managed" ? (thing.secrets ?? []).map((path) => ({ slug: fate.slug, path })) : [],
    );
    const missing = secrets.filter(({ path }) => faults.some((fault) => fault.includes(`.${path} is missing`)));
    throw new UcaasError(`nothing was imported, since the stack's files are not ready (${faults.length}):\n  ${faults.join("\n  ")}`, {
      code: "FILES_NOT_READY",
      operation: "adopt",
      hint: [
        "fill in the blanks, mend the rest, and run the same command again. Do not run `pulumi up` before: it would make anew what exists",
        ...missing.map(({ slug, path }) => `pulumi config set --secret --path 'ucaas:customers.${slug}.${path}'`),
        command,
      ].join("\n    "),
    });
  }
  for (const customer of customers) {
    for (const { path, value } of leaves(customer.value)) if (customer.isSecret(path)) rememberSecret(value);
  }
  return new Map(customers.map((customer) => [customer.slug, customer.value as Section]));
}

/** Those of the pending resources that exist at the vendor, as the state is to have them: what the program declares must be what is there. */
async function existingOf(
  vendor: Vendor,
  config: Config,
  customers: ReadonlyMap<string, Section>,
  wanted: readonly Planned[],
  steps: readonly Step[],
): Promise<Adopted[]> {
  const sections = new Map([...customers].map(([slug, value]) => [slug, (value[vendor.name] ?? {}) as Section]));
  const pending = steps.map((step) => pendingOf(step, sections)).filter((resource) => resource !== undefined);
  const things = new Map<string, Thing>();
  for (const { thing, fate } of wanted) if ("slug" in fate) things.set(fate.slug, thing);
  const found = pending.flatMap((resource) => {
    const slug = resource.parent === undefined ? resource.name : nameIn(resource.parent);
    const existing = things.get(slug)?.find(resource);
    return existing ? [{ resource, existing }] : [];
  });
  const results = await Promise.all(found.map(({ resource, existing }) => asInState(resource, existing, config)));
  const refused = results.filter((result) => typeof result === "string");
  if (refused.length > 0) {
    throw new UcaasError(`what is declared is not what is there, so nothing was imported:\n  ${refused.join("\n  ")}`, {
      code: "NOT_AS_DECLARED",
      vendor: vendor.name,
      operation: "adopt",
      hint: "make the declaration (or ucaas:defaults, where it comes from there) what the vendor has, and run the same command again",
    });
  }
  return results.filter((result) => typeof result !== "string");
}

/** The resource, or why it cannot be imported. */
async function asInState(pending: Pending, { id, inputs, outputs: fetch }: Existing, config: Config): Promise<Adopted | string> {
  const { type, name } = pending;
  if (hasUnknown(inputs)) return `${type} ${name}: it depends on something that is not in the state yet: adopt that first`;
  try {
    const outputs = plain(await fetch()) as Record<string, unknown>;
    const { changes } = (await call(type, "diff", [id, outputs, inputs], config)) as { changes?: boolean };
    return changes ? `${type} ${name}: ${differences(pending, inputs, outputs)}` : { pending, id, inputs, outputs };
  } catch (error) {
    return `${type} ${name}: ${(error as Error).message}`;
  }
}

function differences({ secretPaths }: Pending, inputs: unknown, outputs: unknown): string {
  const isSecret = (path: string) => secretPaths.some((secret) => path === secret || path.startsWith(`${secret}.`));
  const found = leaves(inputs).flatMap(({ path, value }) => {
    const actual = valueAt(outputs, path);
    if (actual === value) return [];
    const at = path.join(".");
    return [isSecret(at) ? `${at} is another there` : `${at} is declared ${JSON.stringify(value)}, there it is ${JSON.stringify(actual)}`];
  });
  return found.join(", ") || "the provider sees a difference";
}

function othersWait(steps: readonly Step[]): UcaasError {
  const shown = steps.slice(0, 20).map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ")}`);
  return new UcaasError(
    `the stack has other changes waiting (${steps.length}), so nothing was imported:\n  ${shown.join("\n  ")}${steps.length > shown.length ? "\n  …" : ""}`,
    {
      code: "OTHER_CHANGES",
      operation: "adopt",
      hint: "an adoption is proved by an empty preview. Adopt what exists of them too (without --filter, or with another vendor), run `pulumi up` for what does not, or take it out of the files; then run the same command again",
    },
  );
}

async function prove(stack: Stack, adopted: readonly Adopted[]): Promise<void> {
  const { yes, words } = await stack.hasNoChanges();
  if (!yes) {
    throw new UcaasError(`the preview after the import is not empty:\n${words}`, {
      code: "NOT_PROVED",
      operation: "adopt",
      hint: "look at what it would change before you run `pulumi up`; `pulumi state delete <urn>` takes a resource out of the state again",
    });
  }
  const readable = readableSecrets(await stack.resources(), adopted, (text) => withoutSecrets(text) !== text);
  if (readable.length > 0) {
    throw new UcaasError(`secrets are readable in the exported state:\n  ${readable.join("\n  ")}`, {
      code: "SECRETS_READABLE",
      operation: "adopt",
      hint: "take these resources out of the state (pulumi state delete <urn>), change the secrets, and report this as a fault of pulumi-ucaas",
    });
  }
  console.log("Proved: the preview is empty, and no secret is readable in the exported state.");
  if (adopted.length > 0)
    console.log("The next `pulumi up` changes nothing at a vendor; it writes the stack's outputs and what depends on what.");
}

function counted(adopted: readonly Adopted[]): string {
  const types = Map.groupBy(adopted, ({ pending }) => pending.type);
  return [...types].map(([type, all]) => `${all.length} ${type}`).join(", ");
}
