/**
 * Whether a name, or a path of names, says that a vendor's value below it is a secret. For
 * arguments each vendor has a list of its own.
 */
export function speaksOfSecrets(name: string): boolean {
  return /passw(or)?d|passphrase|passcode|pwd|secret|token|credential|(private|api|access)[-_]?key/i.test(
    name,
  );
}
