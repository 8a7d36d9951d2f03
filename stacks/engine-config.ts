import type { GivenConfig } from "./stack-files.ts";

/**
 * Where the engine puts the config: texts by full key, decrypted, and the keys that hold
 * a secret.
 */
export interface ConfigSource {
  get(key: string): string | undefined;
  isSecret(key: string): boolean;
}

/**
 * The keys of the namespace `ucaas` that say what is declared. The engine hands over what
 * is no text as JSON, and what is empty as empty text; what is no JSON stays the text
 * that it is, and the check says what was expected.
 */
export function engineConfig(source: ConfigSource): GivenConfig {
  const value = (key: string) => {
    const text = source.get(`ucaas:${key}`);
    if (text === undefined) return undefined;
    if (text.trim() === "") return null;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  };
  return {
    customers: value("customers"),
    defaults: value("defaults"),
    removed: value("removed"),
    prices: value("prices"),
    limits: value("limits"),
    isSecret: (key) => source.isSecret(`ucaas:${key}`),
  };
}
