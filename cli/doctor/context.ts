import type { State } from "../pulumi/stack.ts";

/** What the checks of a stack start from. */
export interface StackContext {
  /** As the CLI takes its name; absent where no stack could be selected. */
  readonly stack?: string | undefined;
  /** The stack's config, decrypted; without a stack, the environment alone counts. */
  readonly config: ConfigSource;
  /** The state's resources; empty where the state cannot be read. */
  readonly resources: readonly State[];
  readonly environment: NodeJS.ProcessEnv;
  /** A certificate with fewer days left needs action. */
  readonly minDays: number;
  /** For one check. */
  readonly seconds: number;
}

/** A config that can be asked for its keys. */
export interface ConfigSource {
  get(key: string): string | undefined;
  keys(): readonly string[];
}

export const noConfig: ConfigSource = { get: () => undefined, keys: () => [] };

/** The resources of one class and one account. */
export function resourcesOf(
  { resources }: Pick<StackContext, "resources">,
  type: string,
  account: string | undefined,
): readonly State[] {
  return resources.filter(
    (resource) => resource.type.endsWith(`:${type}`) && resource.inputs?.account === account,
  );
}
