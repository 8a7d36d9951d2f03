/** The key by which the engine marks an object as a value of its own, such as a secret. */
export const signatureKey = "4dabf18193072939515e22adb298388d";

/** What a secret has under that key. */
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

export const hiddenSecret = "[secret]";

/** Inputs of the engine's record. A secret is encrypted, each time to another text. */
export function withoutSecrets<Inputs extends object>(inputs: Inputs): Inputs {
  return JSON.parse(JSON.stringify(inputs), (_, value) =>
    value !== null && typeof value === "object" && signatureKey in value ? hiddenSecret : value,
  );
}

/** What the program declared, without secrets and without what the provider adds. */
export function plainArguments(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(withoutSecrets(inputs)).filter(([name]) => !name.startsWith("__"));
  return Object.fromEntries(own);
}
