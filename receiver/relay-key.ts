import { createHash, timingSafeEqual } from "node:crypto";
import { StartupError } from "./startup-error.ts";

const shortest = 32;

/**
 * The keys that open the receiver: more than one while a key is being changed. Only their
 * hashes are kept.
 */
export class RelayKeys {
  readonly #hashes: Buffer[];

  /** @param text one key a line. */
  constructor(text: string) {
    const keys = text.split(/\s+/).filter(Boolean);
    if (keys.length === 0 || keys.some((key) => key.length < shortest))
      throw new StartupError(`the relay key has fewer than ${shortest} characters`, {
        code: "RELAY_KEY_TOO_SHORT",
        hint: "make one with: openssl rand -base64 32",
      });
    this.#hashes = keys.map(hash);
  }

  /**
   * Whether an Authorization header carries one of the keys. Takes the same time for
   * every wrong key.
   */
  open(authorization: string | undefined): boolean {
    const given = hash(/^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
    return this.#hashes.map((known) => timingSafeEqual(known, given)).includes(true);
  }
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
