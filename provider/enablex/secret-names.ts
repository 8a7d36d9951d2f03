/**
 * Whether a further field is secret by its name: which fields there are is not public, so
 * nothing else tells.
 */
export function isSecretName(name: string): boolean {
  return /pass|secret|token|pin$|key$/i.test(name);
}
