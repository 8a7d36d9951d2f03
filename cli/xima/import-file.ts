import { steps, UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { inOneSpelling } from "pulumi-ucaas/internal/runtime/identifiers";
import { importEntry } from "pulumi-ucaas/internal/runtime/import-file";
import { validate } from "pulumi-ucaas/internal/runtime/validation";
import { adoptedOutputs } from "pulumi-ucaas/internal/xima/outputs";
import { resourceId } from "pulumi-ucaas/internal/xima/resource-id";
import { type LicenseInputs, licenseSchema } from "pulumi-ucaas/internal/xima/schema";
import { yamlFaultLine } from "pulumi-ucaas-stacks/internal/error-line";
import { isRecord } from "pulumi-ucaas-stacks/internal/object-path";
import { YamlFile } from "pulumi-ucaas-stacks/internal/yaml-file";
import { z } from "zod";
import { writeExclusive } from "../write-exclusive.ts";

const operation = "xima import-file";

/**
 * Makes an import file from licences as they are declared. Nothing can be read back from
 * the API, so what the file says is what the state will say; nothing is sent.
 *
 * @returns how many licences there are
 * @throws {UcaasError} `LICENCES_UNREADABLE`, `LICENCES_INVALID`, `FILE_EXISTS`, `FILE_NOT_WRITTEN`
 */
export async function writeImportFile(from: string, to: string): Promise<number> {
  const licences = readLicences(from);
  const failures = Object.entries(licences).flatMap(([name, args]) =>
    validate(licenseSchema, args).map(({ property, reason }) => `${name}: ${property} ${reason}`),
  );
  if (failures.length === 0) failures.push(...declaredTwice(licences));
  if (failures.length > 0) {
    throw new UcaasError(`${from} has licences that are not valid:\n  ${failures.join("\n  ")}`, {
      code: "LICENCES_INVALID",
      operation,
      hint: steps("Correct these arguments.", "Run the same command again: no file was written."),
    });
  }
  const resources = Object.entries(licences).map(([name, args]) =>
    importEntry(
      "XimaLicense",
      name,
      resourceId(args as LicenseInputs),
      args,
      adoptedOutputs(args),
      ["sipCredentials"],
    ),
  );
  await writeExclusive(to, `${JSON.stringify({ resources }, undefined, 2)}\n`, {
    mode: 0o600,
    operation,
  });
  return resources.length;
}

/** One of the two would later be removed, and the customer's licences with it. */
function declaredTwice(licences: Record<string, Record<string, unknown>>): string[] {
  const names = new Map<string, string>();
  return Object.entries(licences).flatMap(([name, args]) => {
    const thing = inOneSpelling(`${args.account} ${resourceId(args as LicenseInputs)}`);
    const other = names.get(thing) ?? name;
    names.set(thing, other);
    return other === name ? [] : [`${name}: ccId is declared by ${other} too`];
  });
}

/** The file is read as the stack files are: what YAML's readers do not agree on is an error. */
function readLicences(path: string): Record<string, Record<string, unknown>> {
  const file = YamlFile.read(path, path, { maxBytes: 5 * 1024 * 1024 });
  if (!file) throw unreadable(path, "cannot be read (ENOENT): no such file");
  if (file.unreadable) throw unreadable(path, file.unreadable);
  if (file.faults.length > 0) {
    const lines = file.faults.map((fault) => {
      const [name = "", ...property] = fault.path;
      return yamlFaultLine(
        licencesSchema,
        file,
        fault,
        String(name),
        property.length > 0 ? ["xima", ...property] : [],
      ).replace(".xima.", ".");
    });
    throw unreadable(path, `cannot be taken as it stands:\n  ${lines.join("\n  ")}`);
  }
  const licences = file.value([]);
  if (!isRecord(licences) || !Object.values(licences).every(isRecord))
    throw unreadable(path, "is no map of licences by name");
  return licences as Record<string, Record<string, unknown>>;
}

/** As in a customer's section. */
const licencesSchema = z.object({ xima: licenseSchema });

function unreadable(file: string, what: string): UcaasError {
  return new UcaasError(`${file} ${what}`, {
    code: "LICENCES_UNREADABLE",
    operation,
    hint: "docs/xima-license.md, section Import, has an example",
  });
}
