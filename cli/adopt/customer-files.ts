import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { placeholder } from "pulumi-ucaas-stacks/internal/placeholder";
import { plainKey, plainScalar } from "pulumi-ucaas-stacks/internal/plain-scalar";
import type { StackFiles } from "pulumi-ucaas-stacks/internal/stack-files";
import { Document, parse, parseDocument, visit } from "yaml";
import { makeFolder } from "../make-folder.ts";
import { replaceFile } from "../replace-file.ts";
import type { PlannedCandidate } from "./plan.ts";
import type { Section } from "./section.ts";
import type { AdoptionSource } from "./source.ts";

/** A vendor's section of a customer's file. */
interface Part {
  readonly vendor: string;
  readonly section: Section;
  /** Lines above it. */
  readonly comment?: string;
}

/**
 * The text of a new customer's file. Without a name it adds to a customer of the stack's
 * file.
 *
 * @param folder where the file goes
 */
export function newFile(folder: string, name: string | undefined, part: Part): string {
  return `${schemaLine(folder)}${name === undefined ? "" : text({ name })}${textOf(part)}`;
}

/** Leads an editor to the schema that it completes and checks the file by. */
function schemaLine(folder: string): string {
  const schema = findSchema(resolve(folder));
  if (schema === undefined) return "";
  return `# yaml-language-server: $schema=${relative(folder, schema).split(sep).join("/")}\n`;
}

/** Of the package that is installed for the project, or of the project that is the package. */
function findSchema(folder: string): string | undefined {
  const name = "customer.schema.json";
  const places = [join(folder, name), join(folder, "node_modules", "pulumi-ucaas-stacks", name)];
  const found = places.find((place) => existsSync(place));
  return found ?? (folder === dirname(folder) ? undefined : findSchema(dirname(folder)));
}

/**
 * The text of an existing file with one section more, at its end; all that is there stays
 * as it is, byte for byte. Undefined when the file is not written so that something can
 * be added at its end.
 */
export function withSection(existing: string, part: Part): string | undefined {
  const before = parseDocument(existing);
  const extended = `${existing}${existing === "" || existing.endsWith("\n") ? "" : "\n"}${textOf(part)}`;
  const after = parseDocument(extended);
  const wanted = {
    ...((before.toJS() ?? {}) as Section),
    [part.vendor]: parse(text(part.section)),
  };
  return after.errors.length === 0 && isDeepStrictEqual(after.toJS(), wanted)
    ? extended
    : undefined;
}

function textOf({ vendor, section, comment }: Part): string {
  const lines = comment?.split("\n").map((line) => `# ${line}\n`) ?? [];
  return `${lines.join("")}${text({ [vendor]: section })}`;
}

function text(value: unknown): string {
  const document = new Document(value);
  // The program refuses text without quotes that a reader may take for something else,
  // such as a date.
  visit(document, {
    Scalar(key, node) {
      if (typeof node.value !== "string") return;
      const meaning = key === "key" ? plainKey(node.value) : plainScalar(node.value);
      if (!("value" in meaning) || meaning.value !== node.value) node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** A customer's own file, as people name it. */
export function fileOf({ folder, stack }: StackFiles, slug: string): string {
  return join(basename(folder), "customers", stack, `${slug}.yaml`);
}

/**
 * Writes what no file declares; gives the number of files. A customer that is in the
 * stack's file gets a file of its own for the new section, so that the stack's file stays
 * as it is.
 *
 * @throws {UcaasError} `FILE_NOT_EXTENDED` before anything is written; `FILE_NOT_WRITTEN`
 */
export function writeCustomerFiles(
  vendor: Pick<AdoptionSource, "name">,
  files: StackFiles,
  planned: readonly PlannedCandidate[],
): number {
  const folder = join(files.folder, "customers", files.stack);
  const texts = planned.flatMap(({ candidate, action }) => {
    if (action.kind !== "new" && action.kind !== "joins") return [];
    const path = join(folder, `${action.slug}.yaml`);
    const part = { vendor: vendor.name, section: candidate.section, comment: candidate.comment };
    const name =
      action.kind === "new" ? (candidate.name ?? placeholder("the customer's name")) : undefined;
    const content = existsSync(path)
      ? withSection(readFileSync(path, "utf8"), part)
      : newFile(folder, name, part);
    if (content === undefined) throw notExtended(fileOf(files, action.slug), candidate.id);
    return [{ path, content }];
  });
  for (const { path, content } of texts) write(path, content);
  return texts.length;
}

function write(path: string, content: string): void {
  try {
    makeFolder(dirname(path));
    // A link leads to the file that is read.
    replaceFile(existsSync(path) ? realpathSync(path) : path, content);
  } catch (error) {
    throw new UcaasError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, {
      code: "FILE_NOT_WRITTEN",
      operation: "adopt",
      hint: steps("Make it a file that you can write.", "Run the same command again."),
    });
  }
}

function notExtended(file: string, id: string): UcaasError {
  return new UcaasError(`${file} cannot be extended: it is not a plain map`, {
    code: "FILE_NOT_EXTENDED",
    operation: "adopt",
    hint: [
      "nothing was written",
      steps(
        `Write it as a plain map (name: …), one key a line, or declare ${id} there yourself.`,
        "Run the same command again.",
      ),
    ].join("\n    "),
  });
}
