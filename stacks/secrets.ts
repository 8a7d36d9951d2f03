import { isSecretName, netsapiensSecrets, xelionSecrets, ximaSecrets } from "pulumi-ucaas/schemas";
import type { Path } from "./object-path.ts";

const secretArguments: Record<string, readonly string[]> = {
  netsapiens: netsapiensSecrets,
  xelion: xelionSecrets,
  xima: ximaSecrets,
};

/**
 * Whether what stands at a path of a customer is a secret wherever it comes from: its
 * argument is secret as a whole, or its name says so. What a user or a subscription is
 * called says nothing of what is declared for it.
 */
export function isSecretPath(path: Path): boolean {
  const [system, argument] = path.map(String);
  if (system !== undefined && argument !== undefined && secretArguments[system]?.includes(argument))
    return true;
  return isSecretByName(path);
}

/** Whether a name in the path says that what is there is a secret. */
export function isSecretByName(path: Path): boolean {
  const isGiven = (index: number) => /^(users|subscriptions)$/.test(String(path[index - 1]));
  return path.some((part, index) => isSecretName(String(part)) && !isGiven(index));
}
