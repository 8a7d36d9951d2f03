import { Command, Option } from "commander";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { print, printJson } from "../output.ts";
import type { CheckOptions } from "../xima/check-keys.ts";
import type { NewKeysOptions } from "../xima/new-keys.ts";
import { journalPlaces } from "./journal.ts";

const passphraseHelp = `
The passphrase of an encrypted key is read from XIMA_PRIVATE_KEY_PASSPHRASE or
the file that XIMA_PRIVATE_KEY_PASSPHRASE_FILE names, else asked for on the
terminal. It is never an argument: other users of the machine could read it.`;

const checkHelp = `${passphraseHelp}

Exit status: 0 key and certificate fit and are valid, 1 they do not, or are not.`;

/** `ucaas xima`: licences, and the key pair that their requests are signed with. */
export function ximaCommand(): Command {
  const keys = new Command("keys")
    .description("the RSA key and certificate that requests are signed with")
    .addCommand(newCommand())
    .addCommand(fingerprintCommand())
    .addCommand(checkCommand());
  return new Command("xima")
    .description("Xima CCaaS licences")
    .addCommand(keys)
    .addCommand(importFileCommand())
    .addCommand(deletionsCommand());
}

function newCommand(): Command {
  return new Command("new")
    .description(
      "create an RSA key (mode 0600) and the certificate request (CSR) that Xima signs; never overwrites a file",
    )
    .addOption(
      new Option("--common-name <name>", "who the certificate is for: the reseller's name")
        .argParser(name)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        "--organization <name>",
        "the reseller's company, as written in the certificate",
      ).argParser(name),
    )
    .addOption(new Option("--country <code>", "two letters").argParser(country))
    .addOption(
      new Option("--bits <number>", "size of the key")
        .choices(["2048", "3072", "4096"])
        .default("2048"),
    )
    .option("--key <file>", "where the private key goes", "xima.key.pem")
    .option("--csr <file>", "where the certificate request goes", "xima.csr.pem")
    .option(
      "--encrypt",
      "ask for a passphrase and encrypt the key with it (without asking when the environment has one)",
    )
    .option("--json", "the files as JSON")
    .addHelpText("after", passphraseHelp)
    .action(async (options: NewKeysOptions) => {
      await (await import("../xima/new-keys.ts")).newKeys(options);
    });
}

function fingerprintCommand(): Command {
  return new Command("fingerprint")
    .description("print the kid of a certificate: the SHA-1 of its DER bytes, in lower-case hex")
    .argument(
      "[certificate]",
      "file in PEM; default what XIMA_CERTIFICATE or XIMA_CERTIFICATE_FILE gives",
    )
    .option("--json", "as JSON")
    .action(async (file: string | undefined, { json }: { json?: true }) => {
      const [{ fingerprint, readCertificate }, { pemOrPath }] = await Promise.all([
        import("pulumi-ucaas/internal/xima/signing-key"),
        import("../xima/key-settings.ts"),
      ]);
      const kid = fingerprint(readCertificate(pemOrPath("certificate", file), undefined, file));
      if (json) printJson({ file, kid });
      else print(kid);
    });
}

function checkCommand(): Command {
  return new Command("check")
    .description("see whether key and certificate belong together and are valid now")
    .option("--online", "see too whether the server lists the kid (JWKS); nothing is signed")
    .addOption(
      new Option(
        "--base-url <url>",
        "the server of --online, which it implies; default what XIMA_BASE_URL gives",
      ).implies({ online: true }),
    )
    .option("--json", "as JSON")
    .option(
      "--key <file>",
      "private key in PEM; default what XIMA_PRIVATE_KEY or XIMA_PRIVATE_KEY_FILE gives",
    )
    .option(
      "--certificate <file>",
      "certificate in PEM; default what XIMA_CERTIFICATE or XIMA_CERTIFICATE_FILE gives",
    )
    .addHelpText("after", checkHelp)
    .action(async (options: CheckOptions) => {
      await (await import("../xima/check-keys.ts")).checkKeys(options);
    });
}

function importFileCommand(): Command {
  return new Command("import-file")
    .description(
      "write the file with which existing licences come into a stack unchanged, for pulumi import",
    )
    .argument(
      "<licences>",
      "YAML or JSON: by the name of the resource in the program, its arguments",
    )
    .option(
      "--out <file>",
      "the file to write; it may hold secrets and has mode 0600",
      "import.json",
    )
    .option("--json", "the file, and how many licences it has, as JSON")
    .action(async (licences: string, { out, json }: { out: string; json?: true }) => {
      const { writeImportFile } = await import("../xima/import-file.ts");
      const count = await writeImportFile(licences, out);
      if (json) return printJson({ file: out, licences: count });
      print(`${out}  ${count === 1 ? "1 licence" : `${count} licences`}

What to do next:
  1. pulumi import --file ${out} --generate-code=false
  2. Declare them in the program with the same names and arguments; then \`pulumi preview\` shows no change.
  3. Remove ${out}: a SIP password in it can be read.`);
    });
}

function deletionsCommand(): Command {
  return new Command("deletions")
    .description(
      "list the scheduled deletions of licences, with the deletionId by which Xima support restores them",
    )
    .option("-s, --stack <name>", "the stack whose config names the journal")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
The deletions are recorded beside the intent journal. ${journalPlaces}`,
    )
    .action(async (options: { stack?: string; json?: true }) => {
      const { printDeletions } = await import("../xima/deletions.ts");
      await printDeletions(options);
    });
}

function name(text: string): string {
  if (text.trim() !== "") return text;
  throw new UcaasError("a name in a certificate must not be empty", {
    code: "INVALID_ARGUMENT",
    operation: "xima keys new",
    hint: "write the name, for example --common-name voicehouse --organization Voicehouse",
  });
}

function country(code: string): string {
  if (/^[A-Za-z]{2}$/.test(code)) return code.toUpperCase();
  throw new UcaasError(`${JSON.stringify(code)} is not a country code of two letters`, {
    code: "INVALID_ARGUMENT",
    operation: "xima keys new",
    hint: "write an ISO 3166 code, for example --country GB",
  });
}
