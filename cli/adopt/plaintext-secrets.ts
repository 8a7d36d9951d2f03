import { signatureKey } from "pulumi-ucaas/internal/runtime/secret-mark";
import { leaves } from "pulumi-ucaas-stacks/internal/object-path";
import type { State } from "../pulumi/stack.ts";
import type { Adopted } from "./import-file.ts";

/**
 * Where the state has something readable that is to be a secret. `isSecret` tells of a
 * text whether it holds one that is known.
 */
export function findPlaintextSecrets(
  state: readonly State[],
  adopted: readonly Adopted[],
  isSecret: (text: string) => boolean,
): string[] {
  const paths = new Map(adopted.map(({ pending }) => [pending.urn, pending.secretPaths]));
  return state.flatMap(({ urn, inputs = {}, outputs = {} }) =>
    Object.entries({ inputs, outputs }).flatMap(([bag, values]) =>
      leaves(values)
        .map(({ path, value }) => ({ path: path.join("."), value }))
        .filter(({ path, value }) => {
          const isEncrypted = ["ciphertext", signatureKey].includes(path.split(".").at(-1) ?? "");
          const isMarked = paths
            .get(urn)
            ?.some((secret) => path === secret || path.startsWith(`${secret}.`));
          return !isEncrypted && (isMarked || (typeof value === "string" && isSecret(value)));
        })
        .map(({ path }) => `${urn} ${bag}.${path}`),
    ),
  );
}
