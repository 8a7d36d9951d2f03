import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { connect } from "node:net";
import { engineOfProvider, sdkCommand } from "./sdk-command.ts";

interface ProviderProcess {
  readonly pid: number;
  readonly engine: EngineAddress;
}

interface EngineAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Ends the provider processes of this project whose engine has gone. Pulumi's provider
 * process loads this package with the first call and ends with its engine from then on.
 * One whose engine was killed before that call would wait for ever: Pulumi's own code does
 * not look whether the engine lives (SDK 3.259.0). So the next run ends it.
 *
 * Only on Linux, which shows the arguments of processes in `/proc`.
 *
 * @param argv the command line of the program or provider process that asks
 * @returns the ids of the processes that it has told to end
 */
export async function endAbandonedProviders(
  argv: readonly string[] = process.argv,
): Promise<number[]> {
  const sdk = sdkCommand(argv)?.sdk;
  if (sdk === undefined) return [];
  const asked = await Promise.all(
    providersOf(sdk).map(async ({ pid, engine }) =>
      (await isGone(engine)) && end(pid) ? [pid] : [],
    ),
  );
  return asked.flat();
}

/** The provider processes of an SDK's folder, as far as this process may look at them. */
function providersOf(sdk: string): ProviderProcess[] {
  return processIds().flatMap((pid) => {
    if (pid === process.pid) return [];
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      const provider = providerOf(args);
      if (provider === undefined || realpathSync(provider.sdk) !== realpathSync(sdk)) return [];
      // In a container, the same address is another engine's.
      if (networkOf(pid) !== networkOf("self")) return [];
      return [{ pid, engine: provider.engine }];
    } catch {
      // It has ended, or belongs to another user.
      return [];
    }
  });
}

/**
 * Whether a command line is that of a provider process, and of which.
 *
 * @param args as in `/proc`, the path of Node first
 */
function providerOf(args: readonly string[]): { sdk: string; engine: EngineAddress } | undefined {
  const sdk = sdkCommand(args)?.sdk;
  const [, host, port] = /^([\d.]+):(\d+)$/.exec(engineOfProvider(args) ?? "") ?? [];
  if (sdk === undefined || host === undefined) return undefined;
  return { sdk, engine: { host, port: Number(port) } };
}

function processIds(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function networkOf(pid: number | "self"): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}

/** An engine listens before it starts its provider, and for as long as it lives. */
function isGone({ host, port }: EngineAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (gone: boolean) => {
      socket.destroy();
      resolve(gone);
    };
    socket
      .on("connect", () => answer(false))
      .on("error", ({ code }: NodeJS.ErrnoException) => answer(code === "ECONNREFUSED"))
      .setTimeout(5_000, () => answer(false))
      .unref();
  });
}

function end(pid: number): boolean {
  try {
    return process.kill(pid, "SIGTERM");
  } catch {
    // It has ended by itself.
    return false;
  }
}
