/** The key by which the engine marks an object as a value of its own, such as a secret. */
export const signatureKey = "4dabf18193072939515e22adb298388d";

/** What a secret has under that key. */
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
