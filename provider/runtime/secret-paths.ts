import * as pulumi from "@pulumi/pulumi";

export type SecretPath = readonly (string | number)[];

/**
 * The paths of the secrets in a value of the program; `[]` is the whole. A provider
 * process gets secrets unwrapped. A hidden input therefore gives it the paths, so that it
 * knows what to mask.
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
