import { isDeepStrictEqual } from "node:util";
import { parse, parseDocument, stringify } from "yaml";
import type { Section } from "./vendor.ts";

/** A vendor's section of a customer's file. */
interface Part {
  readonly vendor: string;
  readonly section: Section;
  /** Lines above it. */
  readonly comment?: string;
}

/** Where the schema lies that editors complete and check the file by, seen from the file. */
const schema = "# yaml-language-server: $schema=../../customer.schema.json\n";

/** The text of a new customer's file. */
export function newFile(name: string | undefined, part: Part): string {
  return `${schema}${name === undefined ? "" : text({ name })}${textOf(part)}`;
}

/**
 * The text of an existing file with one section more, at its end; all that stands there stays as it is, byte for byte. Undefined when
 * the file is not so written that something can be added at its end.
 */
export function withSection(existing: string, part: Part): string | undefined {
  const before = parseDocument(existing);
  if (before.errors.length > 0) return undefined;
  const extended = `${existing}${existing === "" || existing.endsWith("\n") ? "" : "\n"}${textOf(part)}`;
  const after = parseDocument(extended);
  const wanted = { ...((before.toJS() ?? {}) as Section), [part.vendor]: parse(text(part.section)) };
  return after.errors.length === 0 && isDeepStrictEqual(after.toJS(), wanted) ? extended : undefined;
}

function textOf({ vendor, section, comment }: Part): string {
  const lines = comment?.split("\n").map((line) => `# ${line}\n`) ?? [];
  return `${lines.join("")}${text({ [vendor]: section })}`;
}

function text(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}
