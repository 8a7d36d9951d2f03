import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { failuresOf } from "../provider/dynamic/check.ts";
import { UcaasError } from "../provider/dynamic/errors.ts";
import { importEntry } from "../provider/dynamic/import-file.ts";
import { adoptedOutputs } from "../provider/xima/outputs.ts";
import { type LicenseInputs, licenseId, licenseSchema } from "../provider/xima/schema.ts";
import { isRecord } from "../stacks/tree.ts";
import { writeExclusive } from "./write-exclusive.ts";

const operation = "xima import-file";

/**
 * Makes an import file from licences as they are declared. Nothing can be read back from the API, so what the file says is
 * what the state will say; nothing is sent.
 *
 * @returns how many licences there are
 * @throws {UcaasError} `LICENCES_UNREADABLE`, `LICENCES_INVALID`, `FILE_EXISTS`, `FILE_NOT_WRITTEN`
 */
export async function writeImportFile(from: string, to: string): Promise<number> {
  const licences = await readLicences(from);
  const failures = Object.entries(licences).flatMap(([name, args]) =>
    failuresOf(licenseSchema, args).map(({ property, reason }) => `${name}: ${property} ${reason}`),
  );
  if (failures.length === 0) failures.push(...declaredTwice(licences));
  if (failures.length > 0) {
    throw new UcaasError(`${from} has what no licence can have:\n  ${failures.join("\n  ")}`, { code: "LICENCES_INVALID", operation });
  }
  const resources = Object.entries(licences).map(([name, args]) =>
    importEntry("XimaLicense", name, licenseId(args as LicenseInputs), args, adoptedOutputs(args), ["sipCredentials"]),
  );
  await writeExclusive(to, `${JSON.stringify({ resources }, undefined, 2)}\n`, { mode: 0o600, operation });
  return resources.length;
}

/** One of the two would later be removed, and the customer's licences with it. */
function declaredTwice(licences: Record<string, Record<string, unknown>>): string[] {
  const names = new Map<string, string>();
  return Object.entries(licences).flatMap(([name, args]) => {
    const thing = `${args.account} ${licenseId(args as LicenseInputs)}`;
    const other = names.get(thing) ?? name;
    names.set(thing, other);
    return other === name ? [] : [`${name}: ccId is declared by ${other} too`];
  });
}

async function readLicences(file: string): Promise<Record<string, Record<string, unknown>>> {
  let licences: unknown;
  try {
    licences = parse(await readFile(file, "utf8"));
  } catch (error) {
    // A parser quotes the line, which may hold a password.
    const { code, linePos } = error as NodeJS.ErrnoException & { linePos?: [{ line: number }] };
    throw unreadable(file, linePos ? `is no YAML: line ${linePos[0].line} (${code})` : `cannot be read (${code})`);
  }
  if (!isRecord(licences) || !Object.values(licences).every(isRecord)) throw unreadable(file, "is no map of licences by name");
  return licences as Record<string, Record<string, unknown>>;
}

function unreadable(file: string, what: string): UcaasError {
  return new UcaasError(`${file} ${what}`, {
    code: "LICENCES_UNREADABLE",
    operation,
    hint: "docs/xima-license.md, section Import, has an example",
  });
}
