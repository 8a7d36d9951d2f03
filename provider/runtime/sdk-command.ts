/** A command of Pulumi's SDK that a Node process runs. */
export interface SdkCommand {
  /** `run` runs a program, `dynamic-provider` is the provider process. */
  readonly name: string;
  /** The folder of the SDK, as the command line names it. */
  readonly sdk: string;
  /** What follows on the command line. */
  readonly args: readonly string[];
}

/**
 * The SDK's command on a command line, for example
 * `node /app/node_modules/@pulumi/pulumi/cmd/run/index.js …`.
 */
export function sdkCommand(argv: readonly string[] = process.argv): SdkCommand | undefined {
  for (const [index, arg] of argv.entries()) {
    const [, sdk, name] =
      /^(.*[\\/]@pulumi[\\/]pulumi)[\\/]cmd[\\/]([\w-]+)(?:[\\/]index\.js)?$/.exec(arg) ?? [];
    if (sdk !== undefined && name !== undefined) return { name, sdk, args: argv.slice(index + 1) };
  }
  return undefined;
}

/**
 * The address of the engine that has started this provider process, such as
 * `127.0.0.1:40001`. Undefined in any other process. Pulumi names it as the last argument,
 * after flags for logs and traces.
 */
export function engineOfProvider(argv: readonly string[] = process.argv): string | undefined {
  const command = sdkCommand(argv);
  return command?.name === "dynamic-provider" ? command.args.at(-1) : undefined;
}
