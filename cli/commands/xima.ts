import type { KeyObject, X509Certificate } from "node:crypto";
import { Command, Option } from "commander";
import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { ximaConfig } from "pulumi-ucaas/internal/xima/config";
import {
  certificateFaults,
  fingerprint,
  readCertificate,
  readPrivateKey,
} from "pulumi-ucaas/internal/xima/signing-key";
import { askSecret } from "../ask-secret.ts";
import { print, printJson, printNotice } from "../output.ts";
import { newKeyFiles } from "../xima/key-files.ts";

const passphraseHelp = `
The passphrase of an encrypted key is read from XIMA_PRIVATE_KEY_PASSPHRASE or
the file that XIMA_PRIVATE_KEY_PASSPHRASE_FILE names, else asked for on the
terminal. It is never an argument: other users of the machine could read it.`;

const passphraseHint = "set XIMA_PRIVATE_KEY_PASSPHRASE_FILE to the path of a file that holds it";

/** `ucaas xima`: the key pair that licence requests are signed with. */
export function ximaCommand(): Command {
  const keys = new Command("keys").description(
    "the RSA key and certificate that requests are signed with",
  );

  keys
    .command("new")
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
    .addOption(new Option("--country <code>", "two letters").argParser((code) => country(code)))
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
    .action(
      async (options: {
        commonName: string;
        organization?: string;
        country?: string;
        bits: string;
        key: string;
        csr: string;
        encrypt?: true;
        json?: true;
      }) => {
        const passphrase =
          fromEnvironment().privateKeyPassphrase ??
          (options.encrypt &&
            (await askSecret("A passphrase for the new key", passphraseHint, { twice: true })));
        const bits = Number(options.bits);
        await newKeyFiles({ ...options, bits, passphrase });
        const { key, csr, commonName } = options;
        if (options.json)
          return printJson({ key, csr, commonName, bits, encrypted: passphrase !== undefined });
        print(`${options.key}  private key, RSA ${options.bits}, mode 0600, ${passphrase === undefined ? "not encrypted" : "encrypted"}
${options.csr}  certificate request for "${options.commonName}"

What to do next:
  1. Send ${options.csr} to Xima (support@ximasoftware.com). The private key stays here.
  2. Keep the certificate that they send back, for example as xima.crt.pem, and see whether it fits:
       npx ucaas xima keys check --key ${options.key} --certificate xima.crt.pem
  3. Give both to the stack:
       pulumi config set --secret xima:privateKey < ${options.key}
       pulumi config set xima:certificate < xima.crt.pem`);
      },
    );

  keys
    .command("fingerprint")
    .description("print the kid of a certificate: the SHA-1 of its DER bytes, in lower-case hex")
    .argument(
      "[certificate]",
      "file in PEM; default what XIMA_CERTIFICATE or XIMA_CERTIFICATE_FILE gives",
    )
    .option("--json", "as JSON")
    .action((file: string | undefined, { json }: { json?: true }) => {
      const kid = fingerprint(readCertificate(given("certificate", file), undefined, file));
      if (json) printJson({ file, kid });
      else print(kid);
    });

  keys
    .command("check")
    .description(
      "see whether key and certificate belong together and are valid now; ends with 1 when they are not",
    )
    .option("--online", "see too whether the server lists the kid (JWKS); nothing is signed")
    .option("--base-url <url>", "with --online, the server; default what XIMA_BASE_URL gives")
    .option("--json", "as JSON")
    .option(
      "--key <file>",
      "private key in PEM; default what XIMA_PRIVATE_KEY or XIMA_PRIVATE_KEY_FILE gives",
    )
    .option(
      "--certificate <file>",
      "certificate in PEM; default what XIMA_CERTIFICATE or XIMA_CERTIFICATE_FILE gives",
    )
    .addHelpText("after", passphraseHelp)
    .action(async (options: CheckOptions) => {
      const key = await attempt(() => openKey(given("privateKey", options.key), options.key));
      const privateKey = key instanceof UcaasError ? undefined : key;
      const certificate = await attempt(() =>
        readCertificate(given("certificate", options.certificate), privateKey, options.certificate),
      );
      if (!options.json && !(key instanceof UcaasError))
        print(`key          RSA, ${key.asymmetricKeyDetails?.modulusLength} bits`);
      if (!options.json && !(certificate instanceof UcaasError)) print(describe(certificate));
      const faults = [
        ...[key, certificate].filter((found) => found instanceof UcaasError),
        ...(certificate instanceof UcaasError ? [] : certificateFaults(certificate, privateKey)),
      ];
      const address =
        options.online &&
        (await attempt(() => registered(certificate, privateKey, options.baseUrl)));
      if (address instanceof UcaasError) faults.push(address);
      else if (address && !options.json) print(`server       lists this kid: ${address}`);
      if (faults.length > 0) process.exitCode = 1;
      if (options.json) {
        const { x509, server } = {
          x509: certificate instanceof UcaasError ? undefined : certificate,
          server: address instanceof UcaasError ? undefined : address || undefined,
        };
        return printJson(checkReport(key, x509, server, faults));
      }
      for (const fault of faults) printNotice(fault.message);
      if (faults.length === 0)
        print("The key belongs to the certificate, and the certificate is valid now.");
    });

  const importFile = new Command("import-file")
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
      const { writeImportFile } = await import("../xima/import-file.ts"); // it loads Pulumi's SDK
      const count = await writeImportFile(licences, out);
      if (json) return printJson({ file: out, licences: count });
      print(`${out}  ${count === 1 ? "1 licence" : `${count} licences`}

What to do next:
  1. pulumi import --file ${out} --generate-code=false
  2. Declare them in the program with the same names and arguments; then \`pulumi preview\` shows no change.
  3. Remove ${out}: a SIP password in it can be read.`);
    });

  const deletions = new Command("deletions")
    .description(
      "list the deletions of licences that ran on this machine, with the deletionId by which Xima support restores them",
    )
    .option("-s, --stack <name>", "take the folder from ucaas:journalDir of this stack's config")
    .option("--json", "as JSON")
    .action(async (options: { stack?: string; json?: true }) => {
      const { printDeletions } = await import("../xima/deletions.ts");
      await printDeletions(options);
    });

  return new Command("xima")
    .description("Xima CCaaS licences")
    .addCommand(keys)
    .addCommand(importFile)
    .addCommand(deletions);
}

/** What `ucaas xima keys check --json` prints. */
function checkReport(
  key: KeyObject | UcaasError,
  certificate: X509Certificate | undefined,
  server: string | undefined,
  faults: readonly UcaasError[],
): object {
  return {
    ...(key instanceof UcaasError
      ? {}
      : { key: { type: "RSA", bits: key.asymmetricKeyDetails?.modulusLength } }),
    ...(certificate && {
      certificate: {
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        validFrom: new Date(certificate.validFrom).toISOString(),
        validTo: new Date(certificate.validTo).toISOString(),
        kid: fingerprint(certificate),
      },
    }),
    ...(server && { server }),
    problems: faults.map(({ code, reason, hint }) => ({ code, reason, hint })),
  };
}

interface CheckOptions {
  readonly json?: true;
  readonly key?: string;
  readonly certificate?: string;
  readonly online?: true;
  readonly baseUrl?: string;
}

const { privateKey, privateKeyPassphrase, certificate, keyId, baseUrl, updatePath } =
  ximaConfig.keys;

/** What the environment has of it, by the same names as for the provider. */
function fromEnvironment() {
  const keys = {
    privateKey: { ...privateKey, value: privateKey.value.optional() },
    privateKeyPassphrase,
    certificate,
    keyId,
  };
  return readConfig({ namespace: "xima", keys }, { get: () => undefined });
}

function given(what: "privateKey" | "certificate", file: string | undefined): string {
  const value = file ?? fromEnvironment()[what];
  if (value !== undefined) return value;
  const [variable, option] =
    what === "privateKey" ? ["XIMA_PRIVATE_KEY", "--key"] : ["XIMA_CERTIFICATE", "--certificate"];
  throw new UcaasError(`no ${what === "privateKey" ? "private key" : "certificate"} is given`, {
    code: "CONFIG_MISSING",
    vendor: "xima",
    operation: "keys",
    hint: `name its file with ${option}, or set ${variable}_FILE`,
  });
}

/**
 * Where the server lists the kid. A certificate that cannot be read has none, unless Xima
 * issued one outright.
 */
async function registered(
  certificate: X509Certificate | UcaasError,
  key: KeyObject | undefined,
  url?: string,
): Promise<string | undefined> {
  const kid =
    fromEnvironment().keyId ??
    (certificate instanceof UcaasError ? undefined : fingerprint(certificate));
  if (kid === undefined) return undefined;
  const server = readConfig(
    { namespace: "xima", keys: { baseUrl, updatePath } },
    { get: (name) => (name === "xima:baseUrl" ? url : undefined) },
  );
  const { checkRegistered } = await import("../xima/registered-key.ts");
  return await checkRegistered(server, kid, key);
}

async function openKey(pemOrPath: string, file?: string): Promise<KeyObject> {
  const known = fromEnvironment().privateKeyPassphrase;
  try {
    return readPrivateKey(pemOrPath, known, file);
  } catch (error) {
    const asks =
      error instanceof UcaasError &&
      error.code === "KEY_PASSPHRASE" &&
      known === undefined &&
      process.stdin.isTTY;
    if (!asks) throw error;
    return readPrivateKey(
      pemOrPath,
      await askSecret("Passphrase of the key", passphraseHint),
      file,
    );
  }
}

async function attempt<T>(read: () => T | Promise<T>): Promise<T | UcaasError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UcaasError) return error;
    throw error;
  }
}

function describe(found: X509Certificate): string {
  const [from, to] = [new Date(found.validFrom), new Date(found.validTo)];
  const days = Math.floor((to.getTime() - Date.now()) / 86_400_000);
  return [
    `certificate  ${oneLine(found.subject)}`,
    `issuer       ${oneLine(found.issuer)}`,
    `valid        ${from.toISOString()} to ${to.toISOString()}${days >= 0 ? ` (${days} days left)` : ""}`,
    `kid          ${fingerprint(found)}`,
    ...(days >= 0 && days < 30
      ? ["It ends soon: have Xima sign a new request in time (ucaas xima keys new)."]
      : []),
  ].join("\n");
}

function oneLine(name: string): string {
  return name.split("\n").join(", ");
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
