import type { KeyObject } from "node:crypto";
import { readConfig } from "pulumi-ucaas/internal/runtime/config";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";
import { ximaConfig } from "pulumi-ucaas/internal/xima/config";
import { readPrivateKey } from "pulumi-ucaas/internal/xima/signing-key";
import { askSecret } from "../ask-secret.ts";

export const passphraseHint =
  "set XIMA_PRIVATE_KEY_PASSPHRASE_FILE to the path of a file that holds it";

const { privateKey, privateKeyPassphrase, certificate, keyId, baseUrl, updatePath } =
  ximaConfig.keys;

/** What the environment has of key and certificate, by the same names as for the provider. */
export function keySettings() {
  const keys = {
    privateKey: { ...privateKey, value: privateKey.value.optional() },
    privateKeyPassphrase,
    certificate,
    keyId,
  };
  return readConfig({ namespace: "xima", keys }, { get: () => undefined });
}

/** Where the licence server is: the option, else the environment. */
export function serverSettings(url: string | undefined) {
  return readConfig(
    { namespace: "xima", keys: { baseUrl, updatePath } },
    { get: (name) => (name === "xima:baseUrl" ? url : undefined) },
  );
}

/**
 * PEM, or the path of a PEM file.
 *
 * @param file  the path from the command line
 * @throws {UcaasError} `CONFIG_MISSING`
 */
export function pemOrPath(what: "privateKey" | "certificate", file: string | undefined): string {
  const value = file ?? keySettings()[what];
  if (value !== undefined) return value;
  const [noun, variable, option] =
    what === "privateKey"
      ? ["private key", "XIMA_PRIVATE_KEY", "--key"]
      : ["certificate", "XIMA_CERTIFICATE", "--certificate"];
  throw new UcaasError(`no ${noun} is given`, {
    code: "CONFIG_MISSING",
    vendor: "xima",
    operation: "keys",
    hint: `name its file with ${option}, or set ${variable}_FILE`,
  });
}

/** Asks for the passphrase of an encrypted key when the environment has none. */
export async function openPrivateKey(file: string | undefined): Promise<KeyObject> {
  const source = pemOrPath("privateKey", file);
  const known = keySettings().privateKeyPassphrase;
  try {
    return readPrivateKey(source, known, file);
  } catch (error) {
    const asks =
      error instanceof UcaasError &&
      error.code === "KEY_PASSPHRASE" &&
      known === undefined &&
      process.stdin.isTTY;
    if (!asks) throw error;
    return readPrivateKey(source, await askSecret("Passphrase of the key", passphraseHint), file);
  }
}
