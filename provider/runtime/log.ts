import { printable } from "./printable.ts";
import { engineOfProvider } from "./sdk-command.ts";

/**
 * A line that `pulumi up` and `preview` show below Diagnostics, while they run. The
 * engine takes what a provider prints as information; it cannot tell for which resource,
 * so the line says so itself.
 */
export function logInfo(type: string, thing: string, text: string): void {
  console.log(printable(`${type} ${thing}: ${text}`));
}

/** Warnings that the engine has not taken yet. */
const pending = new Set<Promise<void>>();

/**
 * A warning of a resource, for the engine: it is counted as one, and is in the diagnostics
 * of `pulumi preview --json`. Pulumi tells a dynamic provider no URN, so it is below
 * the stack and names its resource itself. Outside Pulumi's provider process it is printed.
 */
export function logWarning(type: string, thing: string, text: string): void {
  const line = printable(`${type} ${thing}: ${text}`);
  const address = engineOfProvider();
  if (address === undefined) {
    printWarning(line);
    return;
  }
  const sent = sendWarning(address, line).catch(() => printWarning(line));
  pending.add(sent);
  void sent.finally(() => pending.delete(sent));
}

/** Resolves when the engine has all warnings: it may end this process after the next answer. */
export async function warningsSent(): Promise<void> {
  await Promise.all(pending);
}

/** What is used of the SDK's own state, which has no type. */
interface SdkState {
  getStore(): { settings: { options: { engineAddr?: string } } };
}

/** By the SDK's log, which does not know the engine by itself in a provider process. */
async function sendWarning(address: string, line: string): Promise<void> {
  const [{ log }, { default: state }] = await Promise.all([
    import("@pulumi/pulumi"),
    import("@pulumi/pulumi/runtime/state.js"),
  ]);
  (state as unknown as SdkState).getStore().settings.options.engineAddr ??= address;
  await log.warn(line);
}

function printWarning(line: string): void {
  console.log(`warning: ${line}`);
}
