import { askSecret } from "../ask-secret.ts";
import { print, printJson } from "../output.ts";
import { newKeyFiles } from "./key-files.ts";
import { keySettings, passphraseHint } from "./key-settings.ts";

export interface NewKeysOptions {
  readonly commonName: string;
  readonly organization?: string;
  readonly country?: string;
  readonly bits: string;
  readonly key: string;
  readonly csr: string;
  readonly encrypt?: true;
  readonly json?: true;
}

/** `ucaas xima keys new` */
export async function newKeys(options: NewKeysOptions): Promise<void> {
  const { key, csr, commonName } = options;
  const bits = Number(options.bits);
  const passphrase =
    keySettings().privateKeyPassphrase ??
    (options.encrypt &&
      (await askSecret("A passphrase for the new key", passphraseHint, { twice: true })));
  await newKeyFiles({ ...options, bits, passphrase });
  const encrypted = passphrase !== undefined;
  if (options.json) return printJson({ key, csr, commonName, bits, encrypted });
  print(`${key}  private key, RSA ${bits}, mode 0600, ${encrypted ? "encrypted" : "not encrypted"}
${csr}  certificate request for "${commonName}"

What to do next:
  1. Send ${csr} to Xima (support@ximasoftware.com). The private key stays here.
  2. Keep the certificate that they send back, for example as xima.crt.pem, and see whether it fits:
       npx ucaas xima keys check --key ${key} --certificate xima.crt.pem
  3. Give both to the stack:
       pulumi config set --secret xima:privateKey < ${key}
       pulumi config set xima:certificate < xima.crt.pem`);
}
