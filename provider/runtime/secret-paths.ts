import * as pulumi from "@pulumi/pulumi";

export type SecretPath = readonly (string | number)[];

/**
 * Where the secrets of a value stand that a program gives; `[]` is the whole. A provider
 * process gets them unwrapped, so it knows what to mask only when it is told: the paths
 * travel along as a hidden input.
 */
export async function secretPaths(value: unknown, path: SecretPath = []): Promise<SecretPath[]> {
  if (pulumi.Output.isInstance(value))
    return (await (value as unknown as { isSecret: Promise<boolean> }).isSecret) ? [path] : [];
  if (value instanceof Promise) return secretPaths(await value, path);
  if (Array.isArray(value))
    return (
      await Promise.all(value.map((item, index) => secretPaths(item, [...path, index])))
    ).flat();
  if (typeof value !== "object" || value === null) return [];
  return (
    await Promise.all(Object.entries(value).map(([key, item]) => secretPaths(item, [...path, key])))
  ).flat();
}
