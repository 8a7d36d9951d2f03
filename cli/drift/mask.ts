/** Shown where a secret value would be. */
export const secretMask = "[secret]";
